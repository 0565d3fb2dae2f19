"""Published results, and who may read them. Readers follow the cycle's pointer, so nobody sees half a run."""

from __future__ import annotations

import pandas as pd
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from foundation.bulk import copy_out
from foundation.runs.models import Run
from people.models import User
from people.selectors.teams import teams_led
from reviews.models import ComponentScore, Cycle, Participant, ReleaseHold, Result
from reviews.models.cycles import Phase

SEES_ALL = ("hr", "auditor")
# Managers read their people's results while they can still say that something is wrong; before that, scores of others
# could colour the ones they have yet to give.
MANAGERS_READ = (Phase.CALIBRATION, Phase.RELEASE, Phase.APPEAL, Phase.CLOSED)


def visible_results(user: User, cycle: Cycle) -> QuerySet[Result]:
    """Published results of the cycle.

    HR and auditors: all, from publishing on. Managers: those they judge or lead, from calibration on or after release.
    Everyone: the own one, only after release, and where that waits for feedback, after it came.
    """
    published = Result.objects.filter(run=cycle.published_run, cycle=cycle).select_related("employee", "run")
    if cycle.published_run is None or not user.is_authenticated or not user.may_sign_in:
        return published.none()
    if user.has_role(*SEES_ALL):
        return published
    seen = Q(pk__in=[])
    if cycle.released_at is not None:
        seen |= Q(employee=user) & Q(~Exists(shut_results(cycle=cycle, employee=OuterRef("employee"))))
    if cycle.phase in MANAGERS_READ:
        seen |= _ratees_of(user) & ~Q(employee=user)
    # One subquery over participants, whose indexes find a few of a hundred thousand; conditions on both tables would
    # make PostgreSQL look at every result.
    people = Participant.objects.filter(cycle=cycle).filter(seen)
    return published.filter(employee__in=people.values("employee"))


def shut_results(**which: object) -> QuerySet[ReleaseHold]:
    """Whose results stayed shut at the release of their cycle and are not open yet."""
    return ReleaseHold.objects.filter(released_at__isnull=True, **which)


def judged_by(user: User, cycle: Cycle) -> QuerySet[Participant]:
    """Those whom `user` judges in the cycle or leads today."""
    return Participant.objects.filter(cycle=cycle).filter(_ratees_of(user))


def _ratees_of(user: User) -> Q:
    ratees = Q(rater=user)
    if user.is_manager:
        # The ids themselves, for the same reason.
        ratees |= Q(team__in=list(teams_led(user).values_list("pk", flat=True)))
    return ratees


def get_result_for(user: User, cycle: Cycle, employee_id: int) -> Result:
    """Http404 alike for a missing result and one that `user` may not see."""
    found = (
        visible_results(user, cycle).filter(employee_id=employee_id).first() if _is_id(employee_id) else None
    )
    if found is None:
        raise Http404
    return found


def _is_id(value: int) -> bool:
    return 0 < value < 2**63


def may_see_rank(user: User, cycle: Cycle) -> bool:
    """Where the cycle does not show ranks, only HR and auditors read them."""
    return bool(cycle.configuration.get("show_rank", False)) or user.has_role(*SEES_ALL)


def with_place(results: QuerySet[Result]) -> QuerySet[Result]:
    """Annotates team_code, team_name_zh, team_name_en, and n: the largest sample behind a component."""
    part = Participant.objects.filter(cycle=OuterRef("cycle"), employee=OuterRef("employee"))
    sample = ComponentScore.objects.filter(run=OuterRef("run"), employee_id=OuterRef("employee_id")).order_by(
        "-n"
    )
    return results.annotate(
        team_code=Subquery(part.values("team__code")[:1]),
        team_name_zh=Subquery(part.values("team__name_zh")[:1]),
        team_name_en=Subquery(part.values("team__name_en")[:1]),
        n=Subquery(sample.values("n")[:1]),
    )


def released_result_of(employee: User, cycle: Cycle) -> Result | None:
    """The employee's own result once it is open."""
    if cycle.released_at is None or cycle.published_run_id is None:
        return None
    if shut_results(cycle=cycle, employee=employee).exists():
        return None
    return Result.objects.filter(run_id=cycle.published_run_id, employee=employee).first()


def released_results_of(employee: User) -> list[tuple[Cycle, Result]]:
    """All released cycles with the employee's result, latest period first; one query."""
    found = (
        Result.objects.filter(
            employee=employee, cycle__released_at__isnull=False, run=F("cycle__published_run")
        )
        .exclude(Exists(shut_results(cycle=OuterRef("cycle"), employee=employee)))
        .select_related("cycle", "run")
        .order_by("-cycle__last_day", "-cycle__id")
    )
    return [(result.cycle, result) for result in found]


def distribution(cycle: Cycle) -> dict[str, int]:
    """{rating code: people} of the published run, lowest band first; one query."""
    counts = dict(
        Result.objects.filter(run=cycle.published_run)
        .exclude(rating="")
        .values("rating")
        .annotate(count=Count("id"))
        .order_by()
        .values_list("rating", "count")
    )
    return {band["code"]: counts.get(band["code"], 0) for band in cycle.configuration.get("rating_bands", [])}


def previous_released_cycle(cycle: Cycle) -> Cycle | None:
    """The latest released cycle whose period ended before this one's began."""
    return (
        Cycle.objects.filter(released_at__isnull=False, last_day__lt=cycle.first_day)
        .order_by("-last_day", "-id")
        .first()
    )


# For the rooms above, which check rights themselves -------------------------------------------------------------


def results_of_run(run: Run) -> pd.DataFrame:
    """Results of one scoring run in bulk, by employee id.

    Columns: employee_id int64, score float64 (nan without one), rating ("" without one), state, days_in_role,
    days_in_period, job (code), team (code), employee_number, name. One query; no rights are checked.
    """
    return copy_out(
        """
        SELECT result.employee_id, result.score, result.rating, result.state,
            participant.days_in_role, participant.days_in_period,
            job.code AS job, team.code AS team, person.employee_number, person.name
        FROM reviews_result AS result
        JOIN reviews_participant AS participant
            ON participant.cycle_id = result.cycle_id AND participant.employee_id = result.employee_id
        JOIN people_job AS job ON job.id = participant.job_id
        JOIN people_team AS team ON team.id = participant.team_id
        JOIN people_user AS person ON person.id = result.employee_id
        WHERE result.run_id = %s
        ORDER BY result.employee_id
        """,
        [str(run.pk)],
    )


def payable_results(cycle: Cycle) -> pd.DataFrame:
    """results_of_run of the released run. ValueError before the release: nothing unreleased is ever paid."""
    if cycle.released_at is None or cycle.published_run is None:
        raise ValueError(f"cycle {cycle.code} has not been released")
    return results_of_run(cycle.published_run)
