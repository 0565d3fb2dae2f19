"""Whether stored results still say what the judgements and the data say."""

from __future__ import annotations

from django.db import connection

from metrics.models import Batch
from reviews.methods.behaviour import BehaviourMethod
from reviews.methods.document import fingerprint
from reviews.methods.objectives import counts_objectives
from reviews.methods.red_lines import incident_lines
from reviews.models import Cycle

_MARKS = """
    SELECT
        (SELECT json_build_array(count(*), max(id), sum(withdrawn_in))
            FROM reviews_participant WHERE cycle_id = %(cycle)s),
        (SELECT json_build_array(count(*), sum(sheet.version)) FROM reviews_scoresheet AS sheet
            JOIN reviews_participant AS participant ON participant.id = sheet.participant_id
            WHERE participant.cycle_id = %(cycle)s),
        (SELECT json_build_array(count(*), sum(judgement.version)) FROM reviews_judgement AS judgement
            JOIN reviews_scoresheet AS sheet ON sheet.id = judgement.sheet_id
            JOIN reviews_participant AS participant ON participant.id = sheet.participant_id
            WHERE participant.cycle_id = %(cycle)s),
        (SELECT json_build_array(count(*), max(id)) FROM reviews_resultadjustment WHERE cycle_id = %(cycle)s),
        (SELECT json_build_array(count(*), max(incident.id), count(withdrawal.id)) FROM reviews_incident AS incident
            JOIN reviews_participant AS participant
                ON participant.employee_id = incident.employee_id AND participant.cycle_id = %(cycle)s
            LEFT JOIN reviews_incidentwithdrawal AS withdrawal ON withdrawal.incident_id = incident.id
            WHERE %(counts_incidents)s AND incident.happened_on BETWEEN %(first)s AND %(last)s),
        (SELECT json_build_array(count(*), sum(closings)) FROM reviews_voiceround WHERE cycle_id = %(cycle)s),
        (SELECT json_build_array(max(agreed.signed), max(noted.newest), max(assessed.versions)) FROM
            (SELECT sum(signature.id) AS signed FROM reviews_objectivesignature AS signature
                JOIN reviews_objectiveversion AS version ON version.id = signature.version_id
                JOIN reviews_objective AS objective ON objective.id = version.objective_id
                WHERE %(counts_objectives)s AND objective.cycle_id = %(cycle)s) AS agreed,
            (SELECT max(value.id) AS newest FROM reviews_checkinvalue AS value
                JOIN reviews_objective AS objective ON objective.id = value.objective_id
                WHERE %(counts_objectives)s AND objective.cycle_id = %(cycle)s) AS noted,
            (SELECT sum(assessment.version) AS versions FROM reviews_objectiveassessment AS assessment
                JOIN reviews_objective AS objective ON objective.id = assessment.objective_id
                WHERE %(counts_objectives)s AND objective.cycle_id = %(cycle)s AND assessment.side = 'superior')
                AS assessed),
        -- which of two sources counts where both give one measure of one day
        (SELECT coalesce(json_agg(json_build_array(id, precedence) ORDER BY id), '[]') FROM metrics_source),
        (SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM metrics_batch
            WHERE state = %(live)s AND first_day <= %(last)s AND last_day >= %(first)s)
"""


def inputs_mark(cycle: Cycle) -> str:
    """A digest of all that enters a scoring run of the cycle; another mark means that another answer is possible.

    Batches are compared by their ids, not by time: one that was being stored when a run began and counts now is a
    difference, whatever its timestamp. Versions only rise, so their sum sees every save. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _MARKS,
            {
                "cycle": cycle.pk,
                "counts_incidents": bool(incident_lines(cycle.configuration))
                or any(
                    each["method"] == BehaviourMethod.code
                    for each in cycle.configuration.get("components", [])
                ),
                "counts_objectives": counts_objectives(cycle.configuration),
                "live": Batch.State.LIVE,
                "first": cycle.first_day,
                "last": cycle.last_day,
            },
        )
        participants, sheets, judgements, adjustments, incidents, *more, precedence, batches = (
            cursor.fetchone()
        )
        voices, objectives = more
    return fingerprint(
        {
            "configuration": cycle.fingerprint,
            "participants": participants,
            "sheets": sheets,
            "judgements": judgements,
            "adjustments": adjustments,
            "incidents": incidents,
            "voices": voices,
            "objectives": objectives,
            "precedence": precedence,
            "batches": batches,
        }
    )


def results_are_stale(cycle: Cycle) -> bool:
    """True when something that enters the published results changed after their run began."""
    return cycle.published_run is not None and cycle.published_run.fingerprint != inputs_mark(cycle)
