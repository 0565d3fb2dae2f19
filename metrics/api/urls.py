from django.urls import path

from metrics.api import kpi_values, kpis, measures, sources, targets

urlpatterns = [
    path("measures/", measures.MeasureList.as_view()),
    path("measures/<slug:code>/", measures.MeasureDetail.as_view()),
    path("kpis/", kpis.KPIList.as_view()),
    path("kpis/<slug:code>/", kpis.KPIDetail.as_view()),
    path("kpis/<slug:code>/versions/", kpis.KPIVersions.as_view()),
    path("targets/", targets.TargetTable.as_view()),
    path("targets/editions/", targets.TargetEditionList.as_view()),
    path("targets/editions/<int:number>/", targets.TargetEditionDetail.as_view()),
    path("sources/", sources.SourceList.as_view()),
    path("sources/<slug:code>/", sources.SourceDetail.as_view()),
    path("batches/", sources.BatchList.as_view()),
    path("kpi-values/", kpi_values.KPIValueList.as_view()),
    path("records/", kpi_values.RecordList.as_view()),
]
