from django.urls import path

from operations.api.configuration import Configuration

urlpatterns = [path("configuration/", Configuration.as_view(), name="api_configuration")]
