from django.urls import path

from reviews.views import competencies, component, configuration, cycles, judging, results, sheets, standing

app_name = "reviews"
urlpatterns = [
    path("cycles/", cycles.cycles, name="cycles"),
    path("cycles/new/", cycles.cycle_new, name="cycle_new"),
    path("cycles/<slug:code>/", cycles.cycle, name="cycle"),
    path("cycles/<slug:code>/settings/", configuration.settings, name="settings"),
    path("cycles/<slug:code>/population/", configuration.population, name="population"),
    path("cycles/<slug:code>/components/", configuration.components, name="components"),
    path("cycles/<slug:code>/components/<slug:component>/", component.component, name="component"),
    path("cycles/<slug:code>/bands/", configuration.bands, name="bands"),
    path("cycles/<slug:code>/weights/", configuration.weight_total_fragment, name="weight_total"),
    path("cycles/<slug:code>/launch/", cycles.launch, name="launch"),
    path("cycles/<slug:code>/score/", cycles.score, name="score"),
    path("cycles/<slug:code>/phase/", cycles.phase, name="phase"),
    path("cycles/<slug:code>/release/", cycles.release, name="release"),
    path("cycles/<slug:code>/cancel/", cycles.cancel, name="cancel"),
    path("cycles/<slug:code>/forms/", sheets.sheets, name="sheets"),
    path("cycles/<slug:code>/results/", results.results, name="results"),
    path("cycles/<slug:code>/results.csv", results.results_csv, name="results_csv"),
    path("cycles/<slug:code>/results/<int:employee_id>/", results.result, name="result"),
    path("competencies/", competencies.competencies, name="competencies"),
    path("competencies/new/", competencies.competency_new, name="competency_new"),
    path("competencies/<slug:code>/", competencies.competency, name="competency"),
    path("competencies/<slug:code>/retire/", competencies.retire, name="competency_retire"),
    path("scoring/", judging.queue, name="queue"),
    path("scoring/<slug:code>/<slug:component>/", judging.grid, name="grid"),
    path("scoring/<slug:code>/<slug:component>/submit/", judging.submit, name="submit"),
    path("sheets/<int:sheet_id>/judgements/<slug:item>/", judging.judgement, name="judgement"),
    path("sheets/<int:sheet_id>/evidence/<slug:item>/", judging.evidence, name="evidence"),
    path("sheets/<int:sheet_id>/reopen/", sheets.reopen, name="sheet_reopen"),
    path("standing/", standing.standing, name="standing"),
    path("standing/<slug:code>/", standing.standing_in, name="standing_in"),
    path("standing/<slug:code>/acknowledge/", standing.acknowledge, name="acknowledge"),
    path("people/<int:pk>/results/", results.standing_of, name="standing_of"),
]
