"""From phase to phase: which steps exist, what each needs, and who took them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from foundation.runs.states import database_clock
from people.models import User
from reviews.methods.objectives import counts_objectives
from reviews.models import Appeal, Cycle, PhaseChange, ScoreSheet, VoiceRound
from reviews.models.appeals import OPEN_STATES
from reviews.models.cycles import Phase
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.objectives import without_agreed
from reviews.selectors.results import shut_results
from reviews.selectors.second_reviews import reviews_waiting_in
from reviews.services.feedback import hold_back
from reviews.services.rights import checked_reason, require_hr
from reviews.services.voice_rounds import abandon_rounds, forget_who_answered

Precondition = Callable[[Cycle, str], None]


def _forms_are_in(cycle: Cycle, reason: str) -> None:
    """Going on without somebody's forms is allowed, and then says why."""
    count = ScoreSheet.objects.filter(participant__cycle=cycle, state=ScoreSheet.State.DRAFT).count()
    if count and not reason:
        raise Refusal("sheets_open", field="reason", status=422, count=count)


def _voices_are_closed(cycle: Cycle, reason: str) -> None:
    """While a 360 is open its answers count for nothing, and whoever reads results could see single ones come in."""
    if VoiceRound.objects.filter(cycle=cycle, is_open=True).exists():
        raise Refusal("voices_open", status=409)


def _objectives_are_agreed(cycle: Cycle, reason: str) -> None:
    """Who has none that both sides agreed on would have no score; going on without them is allowed, and says why."""
    if counts_objectives(cycle.configuration) and not reason:
        count = without_agreed(cycle).count()
        if count:
            raise Refusal("objectives_open", field="reason", status=422, count=count)


def _forms_are_confirmed(cycle: Cycle, reason: str) -> None:
    """Where the cycle asks for a second look, going on without it says why."""
    count = reviews_waiting_in(cycle)
    if count and not reason:
        raise Refusal("second_reviews_open", field="reason", status=422, count=count)


def _period_is_over(cycle: Cycle, reason: str) -> None:
    """What people do in the days that are left would count for nothing, so releasing before has to say why. Over by
    our clock and by the database's: one that goes wrong publishes nothing early."""
    today = min(timezone.localdate(), timezone.localdate(database_clock()))
    if today <= cycle.last_day and not reason:
        raise Refusal("period_not_over", field="reason", status=422, day=cycle.last_day.isoformat())


def _appeals_are_decided(cycle: Cycle, reason: str) -> None:
    count = Appeal.objects.filter(cycle=cycle, state__in=OPEN_STATES).count()
    if count:
        raise Refusal("appeals_open", status=409, count=count)


def _nobody_waits(cycle: Cycle, reason: str) -> None:
    """Whose result never opened could not object to it."""
    count = shut_results(cycle=cycle).count()
    if count:
        raise Refusal("releases_wait", status=409, count=count)


def _has_results(cycle: Cycle, reason: str) -> None:
    if cycle.published_run_id is None:
        raise Refusal("cycle_not_published", status=409)


def _results_are_fresh(cycle: Cycle, reason: str) -> None:
    if _active_run(cycle):
        raise Refusal("cycle_computing", status=409)
    if results_are_stale(cycle):
        raise Refusal("results_stale", status=409)


# (from, to): what must hold. Steps that are not here do not exist; setup is left by launch_cycle only.
ADVANCES: Mapping[tuple[str, str], tuple[Precondition, ...]] = {
    (Phase.GOALS, Phase.COLLECTION): (_objectives_are_agreed,),
    (Phase.GOALS, Phase.RATING): (_objectives_are_agreed,),
    (Phase.COLLECTION, Phase.RATING): (_objectives_are_agreed,),
    (Phase.RATING, Phase.CALIBRATION): (
        _forms_are_in,
        _forms_are_confirmed,
        _voices_are_closed,
        _has_results,
    ),
    (Phase.RELEASE, Phase.APPEAL): (),
    (Phase.RELEASE, Phase.CLOSED): (_appeals_are_decided, _nobody_waits),
    (Phase.APPEAL, Phase.CLOSED): (_appeals_are_decided, _nobody_waits),
}
# Steps back need a reason. Nothing leads back over a release: what people have read cannot be unread.
RETURNS: Mapping[tuple[str, str], tuple[Precondition, ...]] = {
    (Phase.COLLECTION, Phase.GOALS): (),
    (Phase.RATING, Phase.COLLECTION): (),
    (Phase.CALIBRATION, Phase.RATING): (),
    (Phase.CLOSED, Phase.APPEAL): (),
}
RELEASES: Mapping[tuple[str, str], tuple[Precondition, ...]] = {
    (Phase.RATING, Phase.RELEASE): (
        _forms_are_in,
        _forms_are_confirmed,
        _voices_are_closed,
        _period_is_over,
        _has_results,
        _results_are_fresh,
    ),
    (Phase.COLLECTION, Phase.RELEASE): (
        _forms_are_in,
        _forms_are_confirmed,
        _voices_are_closed,
        _period_is_over,
        _has_results,
        _results_are_fresh,
    ),
    (Phase.CALIBRATION, Phase.RELEASE): (
        _voices_are_closed,
        _period_is_over,
        _has_results,
        _results_are_fresh,
    ),
}
CANCELLABLE = (Phase.SETUP, Phase.GOALS, Phase.COLLECTION, Phase.RATING, Phase.CALIBRATION)


def next_phases(cycle: Cycle) -> list[str]:
    return [to for (origin, to) in ADVANCES if origin == cycle.phase]


def earlier_phases(cycle: Cycle) -> list[str]:
    return [to for (origin, to) in RETURNS if origin == cycle.phase]


@transaction.atomic
def advance_phase(*, actor: User, cycle: Cycle, to_phase: str, reason: str = "") -> Cycle:
    """One step forward in ADVANCES. Refusals: phase_not_next (409) and those of the step's preconditions."""
    require_hr(actor)
    return _step(actor, cycle, to_phase, ADVANCES, checked_reason(reason, required=False))


@transaction.atomic
def return_phase(*, actor: User, cycle: Cycle, to_phase: str, reason: str) -> Cycle:
    """One step back in RETURNS; a reason is required and kept."""
    require_hr(actor)
    return _step(actor, cycle, to_phase, RETURNS, checked_reason(reason))


@transaction.atomic
def release_cycle(*, actor: User, cycle: Cycle, reason: str = "") -> Cycle:
    """Opens the published results to the ratees, and tells whoever is above by an outbox row. Where the cycle asks for
    feedback, those stay shut whose weak points have no suggestion yet; theirs open as soon as it is written.

    Refusals: cycle_not_published, results_stale, cycle_computing (409), sheets_open, period_not_over (422) unless a
    reason is given.
    """
    require_hr(actor)
    locked = _locked(cycle)
    if locked.released_at is not None:
        raise Refusal("cycle_released", status=409)
    locked = _step(actor, locked, Phase.RELEASE, RELEASES, checked_reason(reason, required=False))
    locked.released_at = timezone.now()
    locked.released_by = actor
    locked.save(update_fields=["released_at", "released_by"])
    forget_who_answered(locked)
    hold_back(locked, locked.released_at)
    runs.emit("result.released", cycle_id=locked.pk)
    return locked


@transaction.atomic
def cancel_cycle(*, actor: User, cycle: Cycle, reason: str) -> Cycle:
    """Ends a cycle that was never released; its judgements stay, its forms close. A running computation is stopped."""
    require_hr(actor)
    text = checked_reason(reason)
    # The run before the cycle: a worker that publishes takes its locks in that order, too.
    run = _active_run(cycle)
    if run is not None:
        runs.stop_run(actor=actor, run=run)
    locked = _locked(cycle)
    if locked.phase not in CANCELLABLE:
        raise _not_next(locked, Phase.CANCELLED)
    abandon_rounds(locked)
    return _record(actor, locked, Phase.CANCELLED, text)


def _step(
    actor: User,
    cycle: Cycle,
    to_phase: str,
    table: Mapping[tuple[str, str], tuple[Precondition, ...]],
    reason: str,
) -> Cycle:
    locked = _locked(cycle)
    if (locked.phase, to_phase) not in table:
        raise _not_next(locked, to_phase)
    for holds in table[locked.phase, to_phase]:
        holds(locked, reason)
    return _record(actor, locked, to_phase, reason)


def _record(actor: User, cycle: Cycle, to_phase: str, reason: str) -> Cycle:
    change = PhaseChange.objects.create(
        cycle=cycle, from_phase=cycle.phase, to_phase=to_phase, reason=reason, changed_by=actor
    )
    runs.emit("cycle.phase", change_id=change.pk)
    cycle.phase = to_phase
    cycle.version += 1
    cycle.save(update_fields=["phase", "version"])
    return cycle


def _locked(cycle: Cycle) -> Cycle:
    return Cycle.objects.select_for_update(of=("self",)).select_related("published_run").get(pk=cycle.pk)


def _active_run(cycle: Cycle) -> Run | None:
    return Run.objects.filter(kind="scoring", scope=f"cycle:{cycle.pk}", state__in=Run.ACTIVE).first()


def _not_next(cycle: Cycle, to_phase: str) -> Refusal:
    known = dict(Phase.choices)
    return Refusal(
        "phase_not_next",
        status=409,
        field="to_phase",
        from_phase=str(known[Phase(cycle.phase)]),
        to_phase=str(known.get(to_phase, to_phase[:40])),
    )
