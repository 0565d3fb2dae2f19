from django.urls import path

from foundation.trail.api.trail import Trail

urlpatterns = [path("trail/", Trail.as_view(), name="api_trail")]
