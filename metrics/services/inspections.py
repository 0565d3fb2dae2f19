"""What inspectors write, one answer at a time, and when it is final.

`answers` of an inspection holds {item or fatal error: {answer, version, comment, comment_version}}. A fatal error is
answered with yes where it was found. Saving locks one row and writes one row, so that a form of any length saves alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import get_language

from foundation.refusals import Refusal
from foundation.runs.outbox import emit
from foundation.trail.services import recording
from metrics.models import Inspection, InspectionFormVersion, InspectionScore
from metrics.services.inspection_content import NO, NOT_APPLICABLE, SCALE, YES, answers_of, share_of
from people.models import User
from scoring.inspection import inspection_scores

COMMENT_LIMIT = 2000
#: "Leave it as it is": None already means "take it away".
UNCHANGED: Any = object()

Answers = Mapping[str, Mapping[str, Any]]


class StaleAnswer(Refusal):
    """Somebody saved first, perhaps oneself in another window. Carries what stands there now."""

    def __init__(self, current: Mapping[str, Any], own: str) -> None:
        super().__init__("inspection_stale", status=409)
        self.current = current
        self.version = int(current.get(own, 0))


@transaction.atomic
def save_answer(
    *,
    actor: User,
    inspection_id: int,
    item: str,
    version: int,
    answer: Any = UNCHANGED,
    comment: Any = UNCHANGED,
) -> tuple[Inspection, dict[str, Any]]:
    """(the inspection, what stands at the item now). Saves an answer, a comment or both of one item or fatal error.

    version   of the answer that the inspector saw (of the comment where only that is saved); 0 where there was none
    Saving again what stands there already is no conflict: it is the answer that got lost on the way, sent once more.
    Refusals: StaleAnswer (409), inspection_submitted (403), inspection_role_lost (403), inspection_item_unknown,
    inspection_answer*, inspection_comment_long (422). An inspection of somebody else is Http404.
    """
    inspection = _locked(actor, inspection_id)
    found = entry_of(inspection.form_version, item)
    if found is None:
        raise Refusal("inspection_item_unknown", field="item", status=422, name=item[:60])
    current = dict(inspection.answers.get(item, {}))
    changed = dict(current)
    if answer is not UNCHANGED:
        changed["answer"] = checked_answer(answer, found)
    if comment is not UNCHANGED:
        changed["comment"] = checked_comment(comment)
    if changed == current:
        return inspection, current
    # An answer and its comment are two fields of a form, each with a version of its own.
    own = "version" if answer is not UNCHANGED else "comment_version"
    if version != current.get(own, 0):
        raise StaleAnswer(current, own)
    for key, given_ in (("version", answer), ("comment_version", comment)):
        if given_ is not UNCHANGED:
            changed[key] = current.get(key, 0) + 1
    inspection.answers = {**inspection.answers, item: changed}
    with recording(actor=actor):
        inspection.save(update_fields=["answers", "updated_at"])
    return inspection, changed


@transaction.atomic
def submit_inspection(*, actor: User, inspection_id: int) -> InspectionScore:
    """The score as it counts from now on; a second click changes nothing.

    Refusals: inspection_incomplete, inspection_nothing_applies, inspection_comment_missing (422), inspection_role_lost.
    """
    inspection = _locked(actor, inspection_id, may_be_submitted=True)
    if inspection.state == Inspection.State.SUBMITTED:
        return inspection.scores.get(number=1)
    check_complete(inspection.form_version, inspection.answers)
    score = build_score(inspection, inspection.answers, scored_by=actor)
    inspection.state = Inspection.State.SUBMITTED
    inspection.submitted_at = timezone.now()
    with recording(actor=actor):
        inspection.save(update_fields=["state", "submitted_at", "updated_at"])
        score.save(force_insert=True)
    announce(inspection)
    return score


def announce(inspection: Inspection) -> None:
    """News for whoever stores scores as records. Only the first scoring of a call counts."""
    if inspection.position == 1:
        emit("inspection.scored", sample_id=inspection.sample_id, day=inspection.day.isoformat())


def _locked(actor: User, inspection_id: int, *, may_be_submitted: bool = False) -> Inspection:
    """The inspector's own inspection, locked. Somebody else's does not exist."""
    inspection = (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("form_version")
        .filter(pk=inspection_id, inspector=actor)
        .first()
        if 0 < inspection_id < 2**63
        else None
    )
    if inspection is None:
        raise Http404
    if not actor.is_inspector:
        raise Refusal("inspection_role_lost", status=403)
    if inspection.state == Inspection.State.SUBMITTED and not may_be_submitted:
        raise Refusal("inspection_submitted", status=403)
    return inspection


# The arithmetic of one form -------------------------------------------------------------------------------------------


def entry_of(version: InspectionFormVersion, code: str) -> dict[str, Any] | None:
    """The item or fatal error of this code, with is_fatal."""
    for item in version.items:
        if item["code"] == code:
            return {**item, "is_fatal": False}
    for error in version.fatal_errors:
        if error["code"] == code:
            return {**error, "is_fatal": True}
    return None


def given(answers: Answers, code: str) -> str:
    return str(answers.get(code, {}).get("answer") or "")


def found_fatal(version: InspectionFormVersion, answers: Answers) -> list[dict[str, Any]]:
    """The fatal errors that were found."""
    return [error for error in version.fatal_errors if given(answers, error["code"]) == YES]


def missing_items(version: InspectionFormVersion, answers: Answers) -> list[str]:
    return [item["code"] for item in version.items if not given(answers, item["code"])]


def is_failed(item: Mapping[str, Any], answer: str) -> bool:
    return answer == ("1" if item["answers"] == SCALE else NO)


def unexplained(version: InspectionFormVersion, answers: Answers) -> list[str]:
    """Codes that need a comment and have none: every fatal error found, and failed items where the form says so."""
    asking = [error["code"] for error in found_fatal(version, answers)]
    if version.content.get("comment_on_failed"):
        asking += [item["code"] for item in version.items if is_failed(item, given(answers, item["code"]))]
    return [code for code in asking if not str(answers.get(code, {}).get("comment") or "").strip()]


def compute(version: InspectionFormVersion, answers: Answers) -> dict[str, Any]:
    """{score, before_fatal, is_fatal, weights: {item: effective weight}, shares: {item: share or None}} of what is
    answered so far; score and before_fatal are None as long as nothing that applies is answered. Rounded as stored."""
    items = [item for item in version.items if given(answers, item["code"])]
    fatal = bool(found_fatal(version, answers))
    shares = [share_of(item, given(answers, item["code"])) for item in items]
    found = inspection_scores(
        [float(item["weight"]) for item in items], [shares], fatal=[fatal], cap=float(version.fatal_cap)
    )
    before, score = float(found.before_fatal[0]), float(found.score[0])
    nothing = not items or before != before
    return {
        "score": None if nothing else round(score, 6),
        "before_fatal": None if nothing else round(before, 6),
        "is_fatal": fatal,
        "weights": {}
        if nothing
        else {
            item["code"]: round(float(weight), 6)
            for item, weight in zip(items, found.weights[0], strict=True)
        },
        "shares": {
            item["code"]: None if share != share else share for item, share in zip(items, shares, strict=True)
        },
    }


def check_complete(version: InspectionFormVersion, answers: Answers) -> None:
    """Refusals as submit_inspection."""
    missing = missing_items(version, answers)
    if missing:
        raise Refusal("inspection_incomplete", status=422, count=len(missing))
    if all(given(answers, item["code"]) == NOT_APPLICABLE for item in version.items):
        raise Refusal("inspection_nothing_applies", status=422)
    silent = unexplained(version, answers)
    if silent:
        entry = entry_of(version, silent[0]) or {}
        raise Refusal("inspection_comment_missing", field=silent[0], status=422, name=name_of(entry))


def build_score(
    inspection: Inspection, answers: Answers, *, scored_by: User, number: int = 1
) -> InspectionScore:
    version = inspection.form_version
    known = [*version.items, *version.fatal_errors]
    found = compute(version, answers)
    return InspectionScore(
        inspection=inspection,
        number=number,
        answers={
            entry["code"]: {
                "answer": given(answers, entry["code"]),
                "comment": str(answers.get(entry["code"], {}).get("comment") or ""),
            }
            for entry in known
            if entry["code"] in answers
        },
        score=found["score"],
        before_fatal=found["before_fatal"],
        is_fatal=found["is_fatal"],
        scored_by=scored_by,
    )


def name_of(entry: Mapping[str, Any]) -> str:
    """In the reader's language."""
    names = entry.get("name") or {}
    first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
    return str(names.get(first) or names.get(second) or entry.get("code", ""))


def checked_answer(answer: Any, entry: Mapping[str, Any]) -> str:
    if answer in (None, ""):
        return ""
    if isinstance(answer, bool) or not isinstance(answer, (str, int)):
        raise Refusal("inspection_answer_malformed", field="value", status=422)
    known = [YES, NO] if entry["is_fatal"] else answers_of(entry)
    text = str(answer)
    if text not in known:
        raise Refusal("inspection_answer", field="value", status=422, value=text[:40], known=", ".join(known))
    return text


def checked_comment(comment: Any) -> str:
    if comment is None:
        return ""
    if not isinstance(comment, str) or "\x00" in comment:
        raise Refusal("inspection_answer_malformed", field="value", status=422)
    if len(comment) > COMMENT_LIMIT:
        raise Refusal("inspection_comment_long", field="value", status=422, limit=COMMENT_LIMIT)
    return comment
