"""Plans in words: on what they rest, what changes, how far they have come, what happened."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import date_short, month, number, percent
from metrics.wording import value_text
from people.models import User
from reviews.models import ImprovementPlan, PlanOutcome, PlanTerms, TermsSettlement
from reviews.models.improvement_plans import Cause, Who
from reviews.selectors.improvement_plans import PlanState, is_settled, measures_done
from reviews.selectors.improvement_progress import TargetProgress
from reviews.views.presentation import name_of


def day_of(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def month_of(text: str | None) -> str:
    return str(month(day_of(f"{text}-01"))) if text else ""


def measured(value: float | None, kpi: Mapping[str, Any]) -> str:
    return value_text(value, kpi["unit"], kpi["decimals"]) or "–"


def aim(kpi: Mapping[str, Any]) -> str:
    """at least 4.5"""
    text = {"value": value_text(kpi["target"], kpi["unit"], None)}
    if kpi["direction"] == "higher":
        return _("at least %(value)s") % text
    return _("at most %(value)s") % text if kpi["direction"] == "lower" else _("about %(value)s") % text


# On what it rests -------------------------------------------------------------------------------------------------


def evidence_text(found: Mapping[str, Any]) -> str:
    """One piece of evidence as a sentence, with its standard."""
    if found["source"] == "score":
        words = {
            "cycle": name_of({"name": found["cycle_name"]}, found["cycle"]),
            "score": number(found["value"], 1),
            "standard": number(found["standard"], None),
        }
        if found["is_relative"]:
            return (
                _("Overall score %(score)s in %(cycle)s; ranks entered it, so it is no absolute standard")
                % words
            )
        if found["is_below"]:
            return _("Overall score %(score)s in %(cycle)s, below the standard of %(standard)s") % words
        return _("Overall score %(score)s in %(cycle)s") % words
    words = {
        "kpi": name_of({"name": found["name"]}, found["kpi"]),
        "value": measured(found["value"], found),
        "target": measured(found["target"], found) if found["target"] is not None else "–",
    }
    if found["source"] == "month":
        words["month"] = month_of(found["month"])
        if found["is_below"]:
            return _("%(kpi)s %(value)s in %(month)s, target %(target)s missed") % words
        return _("%(kpi)s %(value)s in %(month)s, target %(target)s") % words
    words |= {
        "cycle": name_of({"name": found["cycle_name"]}, found["cycle"]),
        "points": number(found["points"], 1),
        "standard": number(found["standard"], None),
    }
    if found["points"] < found["standard"]:
        return (
            _(
                "%(kpi)s %(value)s in %(cycle)s, target %(target)s: %(points)s points, below the standard of "
                "%(standard)s"
            )
            % words
        )
    if found["is_below"]:
        return _("%(kpi)s %(value)s in %(cycle)s, target %(target)s missed: %(points)s points") % words
    return _("%(kpi)s %(value)s in %(cycle)s, target %(target)s: %(points)s points") % words


# Terms ------------------------------------------------------------------------------------------------------------


def terms_shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the terms with everything in words."""
    return {
        "causes": [
            {"kind": str(Cause(each["kind"]).label), "text": each["text"]} for each in content["causes"]
        ],
        "targets": [
            {
                "name": name_of(each, each["kpi"]),
                "aim": aim(each),
                "by": day_of(each["by"]),
                "start": measured(each["start"], each),
                "month": month_of(each["start_month"]),
            }
            for each in content["targets"]
        ],
        "goals": [{"text": each["text"], "by": day_of(each["by"])} for each in content["goals"]],
        "measures": [
            {
                "code": each["code"],
                "text": each["text"],
                "who": str(Who(each["who"]).label),
                "is_own": each["who"] == "employee",
                "by": day_of(each["by"]),
            }
            for each in content["measures"]
        ],
        "deadline": day_of(content["deadline"]),
        "every_days": content["every_days"],
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What new terms change, sentence by sentence."""
    said = []
    if before["deadline"] != after["deadline"]:
        said.append(
            _("Deadline: %(after)s instead of %(before)s")
            % {
                "before": date_short(day_of(before["deadline"])),
                "after": date_short(day_of(after["deadline"])),
            }
        )
    if before["every_days"] != after["every_days"]:
        said.append(
            _("A check-in every %(after)s days instead of every %(before)s")
            % {"before": before["every_days"], "after": after["every_days"]}
        )
    old, new = ({each["kpi"]: each for each in terms["targets"]} for terms in (before, after))
    for code, each in new.items():
        words = {"kpi": name_of(each, code), "after": _target_text(each)}
        if code not in old:
            said.append(_("New target: %(kpi)s %(after)s") % words)
        elif _target_text(old[code]) != _target_text(each):
            said.append(
                _("Target %(kpi)s: %(after)s instead of %(before)s")
                % {**words, "before": _target_text(old[code])}
            )
    said += [
        _("Dropped target: %(kpi)s") % {"kpi": name_of(each, code)}
        for code, each in old.items()
        if code not in new
    ]
    said += _changed_rows(
        {each["code"]: _measure_text(each) for each in before["measures"]},
        {each["code"]: _measure_text(each) for each in after["measures"]},
        _("New measure: %(text)s"),
        _("Dropped measure: %(text)s"),
        _("Measure: %(after)s instead of %(before)s"),
    )
    for part, added, dropped in (
        ("goals", _("New goal: %(text)s"), _("Dropped goal: %(text)s")),
        ("causes", _("New cause: %(text)s"), _("Dropped cause: %(text)s")),
    ):
        texts = [
            {_row_text(part, each): _row_text(part, each) for each in terms[part]}
            for terms in (before, after)
        ]
        said += _changed_rows(texts[0], texts[1], added, dropped, "")
    return said


def _changed_rows(
    old: Mapping[str, str], new: Mapping[str, str], added: str, dropped: str, changed: str
) -> list[str]:
    said = []
    for key, text in new.items():
        if key not in old:
            said.append(added % {"text": text})
        elif old[key] != text:
            said.append(changed % {"before": old[key], "after": text})
    return said + [dropped % {"text": text} for key, text in old.items() if key not in new]


def _target_text(each: Mapping[str, Any]) -> str:
    return _("%(aim)s by %(day)s") % {"aim": aim(each), "day": date_short(day_of(each["by"]))}


def _measure_text(each: Mapping[str, Any]) -> str:
    return _("“%(text)s” (%(who)s, by %(day)s)") % {
        "text": each["text"],
        "who": Who(each["who"]).label,
        "day": date_short(day_of(each["by"])),
    }


def _row_text(part: str, each: Mapping[str, Any]) -> str:
    if part == "causes":
        return f"{Cause(each['kind']).label}: {each['text']}"
    return str(each["text"])


# Progress ---------------------------------------------------------------------------------------------------------


def progress_shown(found: TargetProgress) -> dict[str, Any]:
    """One target with its numbers, its sentence and, from two months on, its chart."""
    target, latest = found.target, found.latest
    months = [each for each in found.months if each[1] is not None]
    return {
        "name": name_of(target, target["kpi"]),
        "aim": aim(target),
        "by": day_of(target["by"]),
        "start": measured(target["start"], target),
        "start_month": month_of(target["start_month"]),
        "value": measured(found.value, target),
        "month": str(month(latest[0])) if latest else "",
        "n": latest[2] if latest else None,
        "few": latest is not None and latest[2] < target["minimum_sample"],
        "share": found.share,
        "is_met": found.is_met,
        "sentence": progress_text(found.snapshot()),
        "chart": {
            "kind": "line",
            "labels": [str(month(each[0])) for each in months],
            "series": [{"name": name_of(target, target["kpi"]), "values": [each[1] for each in months]}],
            "decimals": target["decimals"],
            "reference": {"value": target["target"], "label": _("target")},
        }
        if len(months) > 1
        else None,
    }


def progress_text(found: Mapping[str, Any]) -> str:
    """A snapshot: 4.30 in November, 50 % of the way from 4.10 to 4.50"""
    words = {
        "kpi": name_of(found, found["kpi"]),
        "value": measured(found["value"], found),
        "month": month_of(found["month"]),
        "target": measured(found["target"], found),
        "start": measured(found["start"], found),
        "share": percent(found["share"]) if found["share"] is not None else "",
    }
    if found["value"] is None:
        return _("%(kpi)s: no value yet") % words
    if found["is_met"]:
        return _("%(kpi)s %(value)s in %(month)s: target %(target)s met") % words
    if found["share"] is None:
        return _("%(kpi)s %(value)s in %(month)s, target %(target)s") % words
    return _("%(kpi)s %(value)s in %(month)s: %(share)s of the way from %(start)s to %(target)s") % words


# State and history -------------------------------------------------------------------------------------------------


def title_of(kind: str) -> str:
    return _("Development plan") if kind == ImprovementPlan.Kind.DEVELOPMENT else _("Improvement plan")


def state_text(state: PlanState, outcome: PlanOutcome | None = None) -> str:
    """Where it stands, in one sentence."""
    pending = state.pending
    if state.phase == "closed":
        found = {
            "day": date_short(state.plan.closed_on),
            "outcome": outcome.get_verdict_display() if outcome else "",
        }
        return _("Ended on %(day)s: %(outcome)s") % found
    if state.phase == "unsettled":
        return _("The terms have fallen; new ones are to be served")
    if state.phase == "objected":
        return _("Objected to; HR or a manager decides")
    if state.phase == "served" and pending is not None:
        return _("Served; waits for an answer until %(day)s") % {"day": date_short(pending.object_until)}
    if pending is not None:
        return _("Open; a change waits for an answer")
    if state.is_over_deadline:
        return _("Open; the deadline has passed")
    return _("Open until %(day)s") % {"day": date_short(state.deadline)}


def next_text(state: PlanState) -> str:
    """What comes next, and when, for the person: on the own standing."""
    pending = state.pending
    if pending is not None and not state.is_objected:
        return _("read it and answer until %(day)s") % {"day": date_short(pending.object_until)}
    if state.phase == "open":
        due = state.next_check_in
        if due is None:
            return _("the outcome is being decided")
        return _("next check-in by %(day)s") % {"day": date_short(due)}
    if state.phase == "objected":
        return _("your objection is being decided")
    return _("new terms are being written")


def history(plan: ImprovementPlan, state: PlanState) -> list[dict[str, Any]]:
    """Everything that happened, the latest first: [{at, who, text, note}]; three queries."""
    said: list[dict[str, Any]] = []

    def say(at: datetime.datetime, who: User | None, text: str, note: str = "") -> None:
        said.append({"at": at, "who": who.name if who else "", "text": text, "note": note})

    for terms in state.terms:
        number_text = {"number": terms.number}
        text = _("Terms %(number)s served") if terms.number > 1 else _("Plan opened, terms %(number)s served")
        say(terms.served_at, terms.served_by, text % number_text, terms.reason)
        if hasattr(terms, "objection"):
            said_no = terms.objection
            objected = _("Objection to terms %(number)s") % number_text
            say(said_no.created_at, plan.employee, objected, said_no.text)
        if is_settled(terms):
            settled = terms.settlement
            say(settled.settled_at, settled.settled_by, _settled_text(terms), settled.reason)
    for check_in in plan.check_ins.select_related("noted_by"):
        text = _("Check-in of %(day)s") % {"day": date_short(check_in.held_on)}
        say(check_in.noted_at, check_in.noted_by, text, check_in.note)
    texts = {each["code"]: each["text"] for terms in state.terms for each in terms.content["measures"]}
    for code, done in measures_done(plan).items():
        say(done.noted_at, done.noted_by, _("Measure done: %(text)s") % {"text": texts.get(code, code)})
    for outcome in plan.outcomes.select_related("decided_by"):
        text = _("Outcome: %(outcome)s") % {"outcome": outcome.get_verdict_display()}
        say(outcome.decided_at, outcome.decided_by, text, outcome.reason)
    return sorted(said, key=lambda each: each["at"], reverse=True)


def _settled_text(terms: PlanTerms) -> str:
    verdict = TermsSettlement.Verdict
    found = {
        "number": terms.number,
        "day": date_short(terms.settlement.stands_from) if terms.settlement.stands_from else "",
    }
    texts = {
        verdict.AGREED: _("Agreed: terms %(number)s stand from %(day)s"),
        verdict.LAPSED: _("No objection in time: terms %(number)s stand from %(day)s"),
        verdict.CONFIRMED: _("Objection decided: terms %(number)s stand from %(day)s"),
        verdict.UPHELD: _("Objection upheld: terms %(number)s fall"),
        verdict.REPLACED: _("Terms %(number)s are replaced by newer ones"),
    }
    return texts[verdict(terms.settlement.verdict)] % found
