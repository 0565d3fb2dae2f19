from django.urls import path

from foundation.trail import views

app_name = "trail"
urlpatterns = [path("trail/", views.trail, name="list")]
