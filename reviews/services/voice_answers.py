"""What raters answer while the questionnaire is open, and the only way from an invitation to a draft."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404

from foundation.refusals import Refusal
from people.models import User
from reviews.methods.rating_scale import level_key
from reviews.models import VoiceDraft, VoiceInvitation, VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.voice_rounds import component_of_round

TEXT_LIMIT = 1000
APPROVED = VoiceInvitation.State.APPROVED
# What a form says instead of a level.
NOT_OBSERVED = "not_observed"


class StaleDraft(Refusal):
    """The form was saved in another window meanwhile."""

    def __init__(self, version: int) -> None:
        super().__init__("voice_stale", status=409)
        self.version = version


@transaction.atomic
def save_answer(
    *,
    actor: User,
    invitation_id: int,
    levels: Mapping[str, Any],
    texts: Mapping[str, Any],
    version: int,
    submit: bool = False,
) -> VoiceDraft:
    """Keeps the rater's own form as it stands, half filled or handed in; until the closing it can be changed.

    levels    {item: level, NOT_OBSERVED, or None for "not yet"}; items that are left out are not answered yet
    version   of the draft that the rater saw, 0 for none
    Refusals: voice_removed, rating_not_open (403), voices_closed, StaleDraft (409), level_not_offered,
    not_observed_not_offered, item_unknown, cycle_comment_too_long, voice_incomplete, voice_nothing_observed (422). The
    invitation of somebody else is Http404.
    """
    invitation = _locked(invitation_id, rater=actor)
    return _save(invitation, levels, texts, submit=submit, version=version)


@transaction.atomic
def answer_as_customer(
    *, invitation_id: int, levels: Mapping[str, Any], texts: Mapping[str, Any]
) -> VoiceDraft:
    """Once, by whoever holds the link (reviews.services.voice_links); the link is used up by it."""
    invitation = _locked(invitation_id, rater=None)
    if invitation.has_answered:
        raise Refusal("voice_link_used", status=409)
    return _save(invitation, levels, texts, submit=True, version=None)


@transaction.atomic
def answer_in_bulk(
    *, actor: User, answers: Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]]
) -> int:
    """Hands in many forms at once, as an import of a paper survey or the demonstration does; HR only.

    answers   (invitation id, levels, texts); all of one questionnaire, none answered yet
    """
    if not actor.is_hr:
        raise Refusal("cycle_hr_only", status=403)
    told = {invitation: (levels, texts) for invitation, levels, texts in answers}
    found = list(
        VoiceInvitation.objects.select_for_update(of=("self",))
        .select_related("round__cycle")
        .filter(pk__in=told)
        .order_by("pk")
    )
    if len(found) < len(told):
        raise Http404
    drafts = []
    for invitation in found:
        _check_open(invitation)
        if invitation.has_answered:
            raise Refusal("voice_answered", status=409)
        component = component_of_round(invitation.round)
        levels, texts = told[invitation.pk]
        drafts.append(
            VoiceDraft(
                key=draft_key(invitation),
                round_id=invitation.round_id,
                participant_id=invitation.participant_id,
                group=invitation.group,
                levels=_complete(_checked_levels(levels, component), component),
                texts=_checked_texts(texts, component),
                is_submitted=True,
            )
        )
    VoiceDraft.objects.bulk_create(
        drafts,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["levels", "texts", "is_submitted"],
    )
    VoiceInvitation.objects.filter(pk__in=told).update(has_answered=True)
    return len(drafts)


def draft_of(invitation: VoiceInvitation) -> VoiceDraft | None:
    """The rater's own draft, for the rater's own page; nothing else may ask for it."""
    if not invitation.round.is_open:
        return None
    return VoiceDraft.objects.filter(key=draft_key(invitation)).first()


def draft_key(invitation: VoiceInvitation) -> str:
    """From the invitation, the questionnaire's secret and the product's own key: whoever has only the database cannot
    compute it, and after the closing nobody can."""
    secret = invitation.round.secret
    if secret is None:
        raise Refusal("voices_closed", status=409)
    key = hashlib.sha256(settings.SECRET_KEY.encode() + bytes(secret)).digest()
    return hmac.new(key, f"voice:{invitation.pk}".encode(), hashlib.sha256).hexdigest()


def forget_draft(invitation: VoiceInvitation) -> None:
    """In the transaction that takes the invitation back while the questionnaire is open."""
    if invitation.round.is_open:
        VoiceDraft.objects.filter(key=draft_key(invitation)).delete()


def missing_items(levels: Mapping[str, Any], component: Mapping[str, Any]) -> list[str]:
    return [item["code"] for item in component["items"] if item["code"] not in levels]


def _locked(invitation_id: int, *, rater: User | None) -> VoiceInvitation:
    found = (
        VoiceInvitation.objects.select_for_update(of=("self",))
        .select_related("round__cycle")
        .filter(pk=invitation_id, rater=rater)
        .first()
        if 0 < invitation_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    return found


def _check_open(invitation: VoiceInvitation) -> None:
    voices: VoiceRound = invitation.round
    if invitation.state != APPROVED:
        raise Refusal("voice_removed", status=403)
    if not voices.is_open:
        raise Refusal("voices_closed", status=409)
    if voices.cycle.phase != Phase.RATING:
        raise Refusal("rating_not_open", status=403)
    # In a questionnaire that was reopened, whoever has answered has; nobody knows which answer it was.
    if voices.closings and invitation.has_answered and draft_of(invitation) is None:
        raise Refusal("voice_answered", status=409)


def _save(
    invitation: VoiceInvitation,
    levels: Mapping[str, Any],
    texts: Mapping[str, Any],
    *,
    submit: bool,
    version: int | None,
) -> VoiceDraft:
    _check_open(invitation)
    component = component_of_round(invitation.round)
    current = draft_of(invitation)
    seen = current.version if current else 0
    draft = current or VoiceDraft(
        key=draft_key(invitation),
        round_id=invitation.round_id,
        participant_id=invitation.participant_id,
        group=invitation.group,
        version=0,
    )
    new_levels, new_texts = _checked_levels(levels, component), _checked_texts(texts, component)
    is_submitted = submit or draft.is_submitted
    if is_submitted:
        _complete(new_levels, component)
    if current and (current.levels, current.texts, current.is_submitted) == (
        new_levels,
        new_texts,
        is_submitted,
    ):
        return current
    if version is not None and version != seen:
        raise StaleDraft(seen)
    draft.levels, draft.texts, draft.is_submitted = new_levels, new_texts, is_submitted
    draft.version += 1
    draft.save()
    if is_submitted and not invitation.has_answered:
        VoiceInvitation.objects.filter(pk=invitation.pk).update(has_answered=True)
    return draft


def _checked_levels(levels: Any, component: Mapping[str, Any]) -> dict[str, float | int | None]:
    """{item: level, None where it was not observed}; items without an answer are absent."""
    if not isinstance(levels, Mapping):
        raise Refusal("cycle_value_malformed", field="levels", status=422)
    codes = {item["code"] for item in component["items"]}
    offered = {level_key(each["value"]): each["value"] for each in component["levels"]}
    found: dict[str, float | int | None] = {}
    for item, level in levels.items():
        if item not in codes:
            raise Refusal("item_unknown", field="levels", status=422)
        if level is None or level == "":
            continue
        if level == NOT_OBSERVED:
            if not component.get("allow_not_observed"):
                raise Refusal("not_observed_not_offered", field=item, status=422)
            found[item] = None
        else:
            found[item] = _checked_level(level, offered, item)
    return found


def _checked_level(level: Any, offered: Mapping[str, Any], item: str) -> Any:
    key = ""
    if isinstance(level, (str, int, float, Decimal)) and not isinstance(level, bool):
        text = str(level).strip()
        try:
            typed = Decimal(text) if len(text) <= 12 else Decimal("NaN")
            key = level_key(typed) if typed.is_finite() and abs(typed.adjusted()) <= 6 else ""
        except InvalidOperation:
            key = ""
    if key not in offered:
        raise Refusal("level_not_offered", field=item, status=422, levels=", ".join(offered))
    return offered[key]


def _complete(levels: dict[str, Any], component: Mapping[str, Any]) -> dict[str, Any]:
    absent = missing_items(levels, component)
    if absent:
        raise Refusal("voice_incomplete", field=absent[0], status=422, count=len(absent))
    if all(level is None for level in levels.values()):
        raise Refusal("voice_nothing_observed", field="levels", status=422)
    return levels


def _checked_texts(texts: Any, component: Mapping[str, Any]) -> dict[str, str]:
    if not isinstance(texts, Mapping):
        raise Refusal("cycle_value_malformed", field="texts", status=422)
    codes = {each["code"] for each in component.get("questions", [])}
    found = {}
    for question, text in texts.items():
        if question not in codes:
            raise Refusal("voice_question_unknown", field="texts", status=422)
        if not isinstance(text, str):
            raise Refusal("cycle_value_malformed", field=question, status=422)
        clean = text.replace("\r\n", "\n").strip()
        if len(clean) > TEXT_LIMIT:
            raise Refusal("cycle_comment_too_long", field=question, status=422, limit=TEXT_LIMIT)
        if clean:
            found[question] = clean
    return found
