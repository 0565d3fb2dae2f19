from django.urls import path

from metrics.api import inspection_forms, inspections, kpi_values, kpis, measures, sources, targets

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
    path("inspection-forms/", inspection_forms.InspectionFormList.as_view()),
    path("inspection-forms/<slug:code>/", inspection_forms.InspectionFormDetail.as_view()),
    path("inspection-forms/<slug:code>/versions/", inspection_forms.InspectionFormVersions.as_view()),
    path("inspection-forms/<slug:code>/agreement/", inspections.InspectionAgreement.as_view()),
    path("inspection-samples/", inspection_forms.SampleList.as_view()),
    path("inspection-samples/<int:pk>/", inspection_forms.SampleDetail.as_view()),
    path("inspectors/", inspection_forms.InspectorList.as_view()),
    path("inspectors/<int:pk>/", inspection_forms.InspectorDetail.as_view()),
    path("inspections/", inspections.InspectionList.as_view()),
    path("inspections/<int:pk>/", inspections.InspectionDetail.as_view()),
    path("inspections/<int:pk>/answers/<slug:item>/", inspections.InspectionAnswer.as_view()),
    path("inspections/<int:pk>/submission/", inspections.InspectionSubmission.as_view()),
    path("inspections/<int:pk>/dispute/", inspections.InspectionDisputeOf.as_view()),
    path("inspections/<int:pk>/decision/", inspections.InspectionDecision.as_view()),
    path("inspection-disputes/", inspections.DisputeList.as_view()),
]
