from django.urls import path

from operations.views import configuration

app_name = "operations"
urlpatterns = [
    path("configuration/", configuration.configuration, name="configuration"),
    path("configuration/file/", configuration.configuration_file, name="configuration_file"),
]
