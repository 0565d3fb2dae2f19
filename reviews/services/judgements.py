"""What raters write, one cell at a time, and when it is final."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.methods.document import component_of
from reviews.methods.paired import is_paired
from reviews.methods.ranking import RankingMethod
from reviews.methods.rating_scale import COMMENT_ITEM, level_key
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.delegations import scored_by
from reviews.services.notices import tell_form_returned
from reviews.services.rights import checked_reason, require_hr
from reviews.services.second_reviews import ask_for_second_reviews, void_second_reviews

COMMENT_LIMIT = 2000
# "Leave it as it is": None already means "take it away".
UNCHANGED: Any = object()


class StaleJudgement(Refusal):
    """Someone else saved first. Carries what stands there now, so that a page can show both."""

    def __init__(self, current: Judgement | None) -> None:
        super().__init__("judgement_stale", status=409)
        self.current = current
        self.version = current.version if current else 0


@transaction.atomic
def save_judgement(
    *,
    actor: User,
    sheet_id: int,
    item: str,
    version: int,
    level: Decimal | str | float | None = UNCHANGED,
    not_observed: bool = UNCHANGED,
    comment: str = UNCHANGED,
) -> Judgement:
    """Saves a level, a comment, or both, of one item; `comment` as item is the comment on the whole form.

    version       of the judgement that the rater saw; 0 where there was none yet
    not_observed  True instead of a level where the component allows it; a level takes it back
    returns       the judgement as it stands now
    Saving again what stands there already is no conflict, whatever version was seen: it is the answer that got lost on
    the way, sent once more. Refusals: StaleJudgement (409), sheet_submitted and rating_not_open (403),
    level_not_offered, not_observed_not_offered, item_unknown, cycle_comment_too_long (422). A form of someone else is
    Http404.
    """
    sheet = _locked_sheet(actor, sheet_id)
    _check_open(sheet)
    component = component_of(sheet.participant.cycle.configuration, sheet.component) or {}
    if item != COMMENT_ITEM and item not in {each["code"] for each in component.get("items", [])}:
        raise Refusal("item_unknown", field="item", status=422)
    changes: dict[str, Any] = {}
    if level is not UNCHANGED:
        changes["level"] = None if item == COMMENT_ITEM else _checked_level(level, component)
        changes["not_observed"] = False
    if not_observed is not UNCHANGED and not_observed is not None:
        if not isinstance(not_observed, bool) or item == COMMENT_ITEM:
            raise Refusal("cycle_value_malformed", field="not_observed", status=422)
        if not_observed and not component.get("allow_not_observed"):
            raise Refusal("not_observed_not_offered", field="not_observed", status=422)
        changes["not_observed"] = not_observed
        if not_observed:
            changes["level"] = None
    if comment is not UNCHANGED:
        changes["comment"] = _checked_comment(comment)
    current = Judgement.objects.filter(sheet=sheet, item=item).first()
    if current is not None and all(getattr(current, name) == value for name, value in changes.items()):
        return current
    if version != (current.version if current else 0):
        raise StaleJudgement(current)
    judgement = current or Judgement(sheet=sheet, item=item, version=0)
    for name, value in changes.items():
        setattr(judgement, name, value)
    judgement.version += 1
    judgement.updated_by = actor
    judgement.save()
    return judgement


@transaction.atomic
def submit_sheets(*, actor: User, sheet_ids: Iterable[int]) -> list[ScoreSheet]:
    """All of them or none. Forms that are submitted already stay as they are, so a second click changes nothing.

    Refusals: sheet_incomplete, sheet_nothing_observed, comment_missing (422), rating_not_open (403); a form of someone
    else is Http404.
    """
    wanted = set(sheet_ids)
    if not wanted:
        raise Refusal("nothing_to_submit", status=422)
    sheets = list(
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(scored_by(actor), pk__in=wanted)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__cycle", "participant__employee")
        .order_by("pk")
    )
    if len(sheets) < len(wanted):
        raise Http404
    drafts = [sheet for sheet in sheets if sheet.state == ScoreSheet.State.DRAFT]
    judgements: dict[int, dict[str, Judgement]] = defaultdict(dict)
    for judgement in Judgement.objects.filter(sheet__in=drafts):
        judgements[judgement.sheet_id][judgement.item] = judgement
    for sheet in drafts:
        _check_open(sheet)
        _check_complete(sheet, judgements[sheet.pk])
    now = timezone.now()
    for sheet in drafts:
        sheet.state = ScoreSheet.State.SUBMITTED
        sheet.submitted_at = now
        sheet.submitted_by = actor
        sheet.version += 1
        sheet.save(update_fields=["state", "submitted_at", "submitted_by", "version", "updated_at"])
    ask_for_second_reviews(drafts)
    return sheets


@transaction.atomic
def reopen_sheet(*, actor: User, sheet_id: int, reason: str) -> ScoreSheet:
    """HR gives a submitted form back to its rater while the cycle is still in rating."""
    require_hr(actor)
    text = checked_reason(reason)
    sheet = (
        ScoreSheet.objects.select_for_update(of=("self",))
        .select_related("participant__cycle", "participant__employee")
        .filter(pk=sheet_id)
        .first()
    )
    if sheet is None:
        raise Http404
    if sheet.participant.cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=409)
    if sheet.state != ScoreSheet.State.SUBMITTED:
        raise Refusal("sheet_not_submitted", status=409)
    with recording(actor=actor, reason=text):
        given_back = _given_back_with(sheet)
        void_second_reviews(given_back)
        for each in given_back:
            each.state = ScoreSheet.State.DRAFT
            each.submitted_at = None
            each.version += 1
            each.save(update_fields=["state", "submitted_at", "version", "updated_at"])
    tell_form_returned(sheet, text)
    return sheet


def _given_back_with(sheet: ScoreSheet) -> list[ScoreSheet]:
    """The form itself; of an order by hand and of pairs all of its rater's: one place cannot change alone."""
    component = component_of(sheet.participant.cycle.configuration, sheet.component) or {}
    if component.get("method") != RankingMethod.code and not is_paired(component):
        return [sheet]
    others = ScoreSheet.objects.select_for_update(of=("self",)).filter(
        participant__cycle=sheet.participant.cycle_id,
        component=sheet.component,
        rater=sheet.rater_id,
        state=ScoreSheet.State.SUBMITTED,
    )
    return [sheet, *others.exclude(pk=sheet.pk).order_by("pk")]


def missing_items(component: dict[str, Any], judgements: dict[str, Judgement]) -> list[str]:
    """Codes of the items that have no answer yet: neither a level nor that it could not be observed."""
    return [
        item["code"]
        for item in component.get("items", [])
        if item["code"] not in judgements or not judgements[item["code"]].is_answered
    ]


def unexplained_levels(component: dict[str, Any], judgements: dict[str, Judgement]) -> list[str]:
    """Levels that ask for a comment and have none, neither at the item nor on the form as a whole."""
    asking = {level_key(value) for value in component.get("comment_required_at", [])}
    whole = judgements.get(COMMENT_ITEM)
    if whole is not None and whole.comment.strip():
        return []
    return [
        level_key(judgement.level)
        for judgement in judgements.values()
        if judgement.level is not None
        and level_key(judgement.level) in asking
        and not judgement.comment.strip()
    ]


def _locked_sheet(actor: User, sheet_id: int) -> ScoreSheet:
    """The rater's own form, or one of whoever delegated to the actor, locked: two saves of one form queue up here.
    Someone else's form does not exist."""
    sheet = (
        ScoreSheet.objects.select_for_update(of=("self",))
        .select_related("participant__cycle")
        .filter(scored_by(actor), pk=sheet_id)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .first()
    )
    if sheet is None:
        raise Http404
    return sheet


def _check_open(sheet: ScoreSheet) -> None:
    cycle: Cycle = sheet.participant.cycle
    if cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=403)
    if sheet.state == ScoreSheet.State.SUBMITTED:
        raise Refusal("sheet_submitted", status=403)


def _check_complete(sheet: ScoreSheet, judgements: dict[str, Judgement]) -> None:
    component = component_of(sheet.participant.cycle.configuration, sheet.component) or {}
    if component.get("method") == RankingMethod.code:
        raise Refusal("ordering_as_a_whole", status=409)
    if is_paired(component):
        raise Refusal("pairs_as_a_whole", status=409)
    name = sheet.participant.employee.name
    absent = missing_items(component, judgements)
    if absent:
        raise Refusal("sheet_incomplete", status=422, name=name, count=len(absent))
    if not any(judgement.level is not None for judgement in judgements.values()):
        raise Refusal("sheet_nothing_observed", status=422, name=name)
    unexplained = unexplained_levels(component, judgements)
    if unexplained:
        raise Refusal("comment_missing", status=422, name=name, level=unexplained[0])


def _checked_level(level: Any, component: dict[str, Any]) -> Decimal | None:
    if level is None or level == "":
        return None
    offered = {level_key(each["value"]): each["value"] for each in component.get("levels", [])}
    if isinstance(level, bool) or not isinstance(level, (str, int, float, Decimal)):
        raise Refusal("cycle_value_malformed", field="level", status=422)
    text = str(level).strip()
    try:
        typed = Decimal(text) if len(text) <= 12 else Decimal("NaN")
        # Beyond a few digits it can be no level, and a number with a huge exponent would be costly to print.
        key = level_key(typed) if typed.is_finite() and abs(typed.adjusted()) <= 6 else ""
    except InvalidOperation:
        key = ""
    if key not in offered:
        raise Refusal("level_not_offered", field="level", status=422, levels=", ".join(offered))
    return Decimal(key)


def _checked_comment(comment: Any) -> str:
    if comment is None:
        return ""
    if not isinstance(comment, str):
        raise Refusal("cycle_value_malformed", field="comment", status=422)
    if len(comment) > COMMENT_LIMIT:
        raise Refusal("cycle_comment_too_long", field="comment", status=422, limit=COMMENT_LIMIT)
    return comment
