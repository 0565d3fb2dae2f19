from django.urls import path

from foundation.intake.api import imports

urlpatterns = [
    path("imports/", imports.ImportList.as_view(), name="api_imports"),
    path("imports/<int:import_id>/", imports.ImportDetail.as_view(), name="api_import"),
    path("imports/<int:import_id>/rejects/", imports.RejectList.as_view(), name="api_import_rejects"),
    path("imports/<int:import_id>/check/", imports.ImportCheck.as_view(), name="api_import_check"),
    path("imports/<int:import_id>/apply/", imports.ImportApply.as_view(), name="api_import_apply"),
]
