from django.urls import path

from metrics.views import kpis, measures, sources, targets, values

app_name = "metrics"
urlpatterns = [
    path("kpis/", kpis.kpis, name="kpis"),
    path("kpis/new/", kpis.kpi_new, name="kpi_new"),
    path("kpis/check/", kpis.kpi_check, name="kpi_check"),
    path("kpis/catalogue/", kpis.catalogue, name="catalogue"),
    path("kpis/<slug:code>/", kpis.kpi, name="kpi"),
    path("kpis/<slug:code>/edit/", kpis.kpi_edit, name="kpi_edit"),
    path("kpis/<slug:code>/active/", kpis.kpi_active, name="kpi_active"),
    path("targets/", targets.targets, name="targets"),
    path("targets.csv", targets.targets_csv, name="targets_csv"),
    path("measures/", measures.measures, name="measures"),
    path("measures/new/", measures.measure_new, name="measure_new"),
    path("measures/<slug:code>/edit/", measures.measure_edit, name="measure_edit"),
    path("sources/", sources.sources, name="sources"),
    path("sources/reading/<int:import_id>/", sources.import_reading, name="import_reading"),
    path("sources/new/", sources.source_new, name="source_new"),
    path("sources/<slug:code>/", sources.source, name="source"),
    path("sources/<slug:code>/edit/", sources.source_edit, name="source_edit"),
    path("numbers/", values.values, name="values"),
    path("numbers/<int:employee_id>/<slug:code>/", values.value_detail, name="value_detail"),
]
