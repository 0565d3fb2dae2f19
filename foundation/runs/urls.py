from django.urls import path

from foundation.runs import views

app_name = "runs"
urlpatterns = [
    path("runs/<uuid:run_id>/", views.progress, name="progress"),
    path("runs/<uuid:run_id>/stop/", views.stop, name="stop"),
    path("runs/<uuid:run_id>/restart/", views.restart, name="restart"),
]
