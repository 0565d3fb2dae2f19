from django.urls import path

from foundation.intake import views

app_name = "intake"
urlpatterns = [
    path("imports/", views.imports, name="list"),
    path("imports/new/", views.new, name="new"),
    path("imports/<int:import_id>/", views.detail, name="detail"),
    path("imports/<int:import_id>/check/", views.check, name="check"),
    path("imports/<int:import_id>/apply/", views.apply, name="apply"),
    path("imports/<int:import_id>/rejects/", views.rejects, name="rejects"),
]
