"""Opening, closing and reopening the questionnaires of a cycle.

Closing is where anonymity is made: see docs/decisions/0004-anonymity-of-360.md. In one transaction it decides by
numbers alone which groups may be kept, writes their answers anew in random order under random ids, drops all others,
and destroys the drafts and the secret by which drafts were found.
"""

from __future__ import annotations

import datetime
import secrets
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.bulk import copy_in, copy_out, lists
from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews import topics
from reviews.methods.multisource import (
    BY_TREE,
    DEFAULT_MINIMUM,
    MERGE,
    NAMED,
    PEERS,
    SELF,
    SUBORDINATES,
    SUPERIOR,
    group_of,
    members_of,
    unit_name,
)
from reviews.models import (
    Cycle,
    Participant,
    VoiceAnswer,
    VoiceComment,
    VoiceDraft,
    VoiceInvitation,
    VoiceRound,
)
from reviews.models.cycles import Phase
from reviews.selectors.duties import names_of
from reviews.selectors.voice_duties import open_voices_by_rater
from reviews.selectors.voice_rounds import Circle, circle_on, component_of_round, voice_components
from reviews.services.rights import checked_reason, require_hr
from scoring.composite import stored, weighted_mean
from scoring.multisource import reporting_units

# People whose answers are read and written at once: several hundred thousand numbers.
PEOPLE_AT_ONCE = 4000
APPROVED, PROPOSED = VoiceInvitation.State.APPROVED, VoiceInvitation.State.PROPOSED


@dataclass(frozen=True)
class Closing:
    """kept: answers that count from now on; left_out: those of groups that are too small, which are gone."""

    kept: int
    left_out: int


# Opening ----------------------------------------------------------------------------------------------------------


def open_rounds(cycle: Cycle, participants: Iterable[Participant]) -> None:
    """In the transaction of the launch: a questionnaire for each 360 component, with the raters whom the tree of teams
    proposes. Oneself and the superior are asked at once; who else is, a person approves, unless the component lets
    the tree decide."""
    components = voice_components(cycle.configuration)
    if not components:
        return
    people = list(participants)
    circle = circle_on(min(cycle.last_day, timezone.localdate()))
    for component in components:
        voices = VoiceRound.objects.create(
            cycle=cycle,
            component=component["code"],
            minimum=component.get("minimum_group", DEFAULT_MINIMUM),
            secret=secrets.token_bytes(32),
        )
        VoiceInvitation.objects.bulk_create(
            proposed_raters(voices, component, people, circle), batch_size=5000
        )


def proposed_raters(
    voices: VoiceRound, component: dict[str, Any], people: list[Participant], circle: Circle
) -> list[VoiceInvitation]:
    """Unsaved invitations, as many as wanted of each group, nobody above the cap."""
    cap = component.get("load_cap", 10**6)
    state = APPROVED if component.get("nomination") == BY_TREE else PROPOSED
    load: Counter[int] = Counter()
    found = []
    for participant in people:
        person, superior = participant.employee_id, participant.rater_id
        asked = {person, superior}
        for group, candidates in (
            (SELF, [person]),
            (SUPERIOR, [superior] if superior else []),
            (SUBORDINATES, circle.after(person, circle.subordinates_of(person))),
            (PEERS, circle.after(person, circle.peers_of(person))),
        ):
            entry = group_of(component, group)
            if entry is None:
                continue
            if group not in NAMED:
                candidates = [each for each in candidates if each not in asked and load[each] < cap]
                candidates = candidates[: entry.get("wanted", 0)]
                load.update(candidates)
            asked.update(candidates)
            found += [
                VoiceInvitation(
                    round=voices,
                    participant=participant,
                    group=group,
                    rater_id=each,
                    state=APPROVED if group in NAMED else state,
                )
                for each in candidates
            ]
    return found


# Closing ----------------------------------------------------------------------------------------------------------


def close_round(*, actor: User, cycle: Cycle, component: str) -> Closing:
    """Ends the answering. From here on nobody, this product's operators included, finds out who answered what.

    Answers of groups below the minimum are merged or dropped before anything is computed. In a questionnaire that was
    reopened, a group whose answers are there already takes new ones only if the minimum of new raters has come.
    Refusals: voices_closed, rating_not_open (409).
    """
    require_hr(actor)
    with transaction.atomic():
        voices = _locked(cycle, component)
        if not voices.is_open:
            raise Refusal("voices_closed", status=409)
        if voices.cycle.phase != Phase.RATING:
            raise Refusal("rating_not_open", status=409)
        closing = _keep_what_may_be_kept(voices)
        destroy_link(voices)
    return closing


def destroy_link(voices: VoiceRound) -> None:
    """In the caller's transaction: without drafts and secret nothing leads from an invitation to an answer."""
    VoiceDraft.objects.filter(round=voices).delete()
    voices.secret = None
    voices.is_open = False
    voices.closings += 1
    voices.save(update_fields=["secret", "is_open", "closings"])


def forget_who_answered(cycle: Cycle) -> None:
    """At the release: reminders are over, and nobody may answer once more."""
    VoiceInvitation.objects.filter(round__cycle=cycle).update(has_answered=None)


def abandon_rounds(cycle: Cycle) -> None:
    """A cancelled cycle keeps no half-filled forms."""
    for voices in VoiceRound.objects.select_for_update().filter(cycle=cycle, is_open=True):
        destroy_link(voices)


@transaction.atomic
def reopen_round(*, actor: User, cycle: Cycle, component: str, reason: str) -> VoiceRound:
    """For those who have not answered yet. What is there already cannot be changed or taken back: nobody knows any more
    whose it is. Refusals: voices_open, rating_not_open (409)."""
    require_hr(actor)
    text = checked_reason(reason)
    voices = _locked(cycle, component)
    if voices.is_open:
        raise Refusal("voices_open", status=409)
    if voices.cycle.phase != Phase.RATING or voices.cycle.released_at is not None:
        raise Refusal("rating_not_open", status=409)
    with recording(actor=actor, reason=text):
        voices.secret = secrets.token_bytes(32)
        voices.is_open = True
        voices.save(update_fields=["secret", "is_open"])
    return voices


@transaction.atomic
def set_minimum(*, actor: User, cycle: Cycle, component: str, minimum: int, reason: str) -> VoiceRound:
    """Raises the smallest group before anything was closed. It never falls: raters answered on that promise.

    Refusals: voices_minimum_falls (422), voices_closed_once (409).
    """
    require_hr(actor)
    text = checked_reason(reason)
    voices = _locked(cycle, component)
    if minimum < voices.minimum:
        raise Refusal("voices_minimum_falls", field="minimum", status=422, minimum=voices.minimum)
    if voices.closings:
        raise Refusal("voices_closed_once", status=409)
    if minimum > 50:
        raise Refusal("cycle_field_too_large", field="minimum", status=422, limit=50)
    with recording(actor=actor, reason=text):
        voices.minimum = minimum
        voices.save(update_fields=["minimum"])
    return voices


@transaction.atomic
def remind_voices(*, actor: User, cycle: Cycle, component: str) -> int:
    """Everyone who owes forms hears of it, at most once a day; returns how many. Who that is, nobody is told.

    Refusals: voices_closed, reminding_not_open, nobody_owes (409)."""
    require_hr(actor)
    voices = _locked(cycle, component)
    if not voices.is_open:
        raise Refusal("voices_closed", status=409)
    if voices.cycle.phase != Phase.RATING:
        raise Refusal("reminding_not_open", status=409)
    owed = open_voices_by_rater(voices)
    if not owed:
        raise Refusal("nobody_owes", status=409)
    by_count: dict[int, list[int]] = defaultdict(list)
    for rater, count in owed.items():
        by_count[count].append(rater)
    return sum(
        notify(
            topic=topics.VOICES_REMINDED,
            key=f"voices:{voices.pk}:reminded:{timezone.localdate().isoformat()}",
            recipients=raters,
            params={"sender": actor.name, "count": count, "cycle": names_of(voices.cycle)},
            url=reverse("reviews:voices"),
        )
        for count, raters in by_count.items()
    )


def _locked(cycle: Cycle, component: str) -> VoiceRound:
    found = (
        VoiceRound.objects.select_for_update(of=("self",))
        .select_related("cycle")
        .filter(cycle=cycle, component=component)
        .first()
    )
    if found is None:
        raise Refusal("voices_unknown", status=404)
    return found


def _keep_what_may_be_kept(voices: VoiceRound) -> Closing:
    component = component_of_round(voices)
    people = list(
        VoiceDraft.objects.filter(round=voices, is_submitted=True)
        .values_list("participant", flat=True)
        .distinct()
        .order_by("participant")
    )
    kept = left_out = 0
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        part = people[start : start + PEOPLE_AT_ONCE]
        drafts = copy_out(
            'SELECT participant_id, "group", levels, texts FROM reviews_voicedraft '
            "WHERE round_id = %s AND is_submitted AND participant_id = ANY(%s)",
            [voices.pk, part],
        )
        answers, comments = sifted(drafts, component, voices.minimum, _units_so_far(voices, part))
        _store(voices, answers, comments)
        kept += len(answers)
        left_out += len(drafts) - len(answers)
        _let_answer_again(voices, part)
    return Closing(kept, left_out)


def _units_so_far(voices: VoiceRound, participants: list[int]) -> dict[tuple[int, str], str]:
    """{(participant, group): unit} of what earlier closings kept: a group stays where it was reported once."""
    found = (
        VoiceAnswer.objects.filter(round=voices, participant__in=participants)
        .values_list("participant", "unit")
        .distinct()
        .order_by()
    )
    return {(participant, member): unit for participant, unit in found for member in members_of(unit)}


def sifted(
    drafts: pd.DataFrame, component: dict[str, Any], minimum: int, known: dict[tuple[int, str], str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(answers, comments) that may be kept, of drafts with the columns participant_id, group, levels, texts.

    answers    participant_id, unit, score and points, a list by item; what fewer than the minimum of a unit observed
               is gone from it
    comments   participant_id, unit, question, text
    Only numbers of raters decide, never what they said. Both come in random order.
    """
    items = component["items"]
    order = [each["code"] for each in component["groups"]]
    points = _points(drafts, component)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for participant, group in zip(drafts["participant_id"], drafts["group"], strict=True):
        counts[participant][group] += 1
    merge = component.get("small_groups", MERGE) == MERGE
    units: dict[tuple[int, str], str] = {}
    for participant, found in counts.items():
        # Groups that were reported before stay where they are; the others are looked at together.
        new = {group: found[group] for group in order if found[group] and (participant, group) not in known}
        for group, members in reporting_units(new, minimum=minimum, exempt=NAMED, merge=merge).items():
            units[participant, group] = unit_name(members)
        for group in found:
            if (participant, group) in known:
                units[participant, group] = known[participant, group]
    unit = np.array(
        [units.get(each, "") for each in zip(drafts["participant_id"], drafts["group"], strict=True)],
        dtype=object,
    )
    where = pd.Series(
        [f"{person}:{name}" for person, name in zip(drafts["participant_id"], unit, strict=True)]
    )
    named = np.isin(unit, NAMED)
    # Fewer than the minimum observed an item, or came at all: nothing of it is kept.
    observed = pd.DataFrame(~np.isnan(points)).groupby(where.to_numpy()).transform("sum").to_numpy()
    points = np.where((observed < minimum) & ~named[:, None], np.nan, points)
    keep = (unit != "") & ~np.isnan(points).all(axis=1)
    generator = np.random.default_rng(secrets.randbits(128))
    rows = np.flatnonzero(keep)
    generator.shuffle(rows)
    weights = np.array([float(item["weight"]) for item in items])
    answers = pd.DataFrame(
        {
            "participant_id": drafts["participant_id"].to_numpy()[rows],
            "unit": unit[rows],
            "score": stored(weighted_mean(points[rows].reshape(len(rows), len(items)), weights))
            if len(rows)
            else np.zeros(0),
        }
    )
    answers["points"] = lists(points[rows].reshape(len(rows), len(items)))
    asked = {each["code"] for each in component.get("questions", [])}
    told = [
        (participant, where_, question, text)
        for participant, where_, kept, texts in zip(
            drafts["participant_id"], unit, keep, drafts["texts"], strict=True
        )
        if kept
        for question, text in texts.items()
        if question in asked and text.strip()
    ]
    comments = pd.DataFrame(told, columns=["participant_id", "unit", "question", "text"])
    return answers, comments.iloc[generator.permutation(len(comments))].reset_index(drop=True)


def _points(drafts: pd.DataFrame, component: dict[str, Any]) -> Any:
    """shape (drafts, items): what the chosen levels are worth; nan where not observed."""
    worth = {float(level["value"]): float(level["points"]) for level in component["levels"]}
    codes = [item["code"] for item in component["items"]]
    nothing = float("nan")
    return np.array(
        [
            [
                worth.get(float(levels[code]), nothing) if levels.get(code) is not None else nothing
                for code in codes
            ]
            for levels in drafts["levels"]
        ],
        dtype=np.float64,
    ).reshape(len(drafts), len(codes))


def _store(voices: VoiceRound, answers: pd.DataFrame, comments: pd.DataFrame) -> None:
    for model, frame in ((VoiceAnswer, answers), (VoiceComment, comments)):
        if len(frame):
            keys = [str(uuid.uuid4()) for _row in range(len(frame))]
            copy_in(model._meta.db_table, frame.assign(id=keys, round_id=voices.pk))


def _let_answer_again(voices: VoiceRound, participants: list[int]) -> None:
    """Where nothing of a group was kept, its raters may answer when the questionnaire is opened once more. Whose answer
    it was plays no part: it holds for the whole group."""
    kept = _units_so_far(voices, participants)
    empty: dict[str, list[int]] = defaultdict(list)
    for participant, group in (
        VoiceInvitation.objects.filter(round=voices, participant__in=participants, has_answered=True)
        .values_list("participant", "group")
        .distinct()
        .order_by()
    ):
        if (participant, group) not in kept:
            empty[group].append(participant)
    for group, people in empty.items():
        VoiceInvitation.objects.filter(round=voices, participant__in=people, group=group).update(
            has_answered=False
        )


def days_from_now(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)
