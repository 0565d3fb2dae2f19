"""Goals in words and shares: how far, how sure, in which state, what could be said more clearly, what changed."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import date_short, number
from reviews.methods.objectives import NOT_STARTED
from reviews.methods.smart import MANY, NO_DAY, NO_NUMBER, NO_VERB, SLIGHT, VAGUE, hints
from reviews.models import CheckIn, Confidence, Cycle, KeyResult, Objective, ObjectiveVersion
from reviews.selectors.objective_progress import Progress
from reviews.views.objective_words import key_rule_text

ICONS = {
    Confidence.OFF_TRACK: "alert-triangle",
    Confidence.AT_RISK: "alert-circle",
    Confidence.ON_TRACK: "circle-check",
}


def bar_of(points: float | None) -> int | None:
    """0 to 100 for a bar; what lies beyond the target fills it."""
    return None if points is None else max(0, min(100, round(points)))


def confidence_of(entry: CheckIn | None) -> dict[str, Any] | None:
    if entry is None or entry.confidence is None:
        return None
    value = Confidence(entry.confidence)
    return {
        "value": value.value,
        "label": value.label,
        "icon": ICONS[value],
        "css": f"confidence-{value.value}",
    }


def confidences() -> list[dict[str, Any]]:
    """The three buttons, the surest first."""
    return [
        {"value": each.value, "label": each.label, "icon": ICONS[each], "css": f"confidence-{each.value}"}
        for each in sorted(Confidence, reverse=True)
    ]


def state_of(objective: Objective, signed: set[str]) -> dict[str, str]:
    """{text, icon}: whose word is missing."""
    if objective.state == Objective.State.CLOSED:
        return {"text": _("ended"), "icon": "x"}
    if objective.has_open_change:
        latest = objective.latest_version
        what = _("its end") if latest is not None and latest.is_dropped else _("a change")
        if not signed:
            return {"text": _("agreed; %(what)s is drafted") % {"what": what}, "icon": "edit"}
        return {
            "text": _("agreed; %(what)s waits for the manager") % {"what": what}
            if "owner" in signed
            else _("agreed; %(what)s waits for the employee") % {"what": what},
            "icon": "clock",
        }
    if objective.state == Objective.State.AGREED:
        return {"text": _("agreed by both"), "icon": "circle-check"}
    if not signed:
        return {"text": _("draft"), "icon": "edit"}
    return {
        "text": _("waits for the manager") if "owner" in signed else _("waits for the employee"),
        "icon": "clock",
    }


def key_rows(version: ObjectiveVersion, progress: Progress, noted: dict[int, float]) -> list[dict[str, Any]]:
    """One row per key result: where it stands, from where to where, how far."""
    rows = []
    for result in version.key_results.all():
        found = progress.keys.get(result.key)
        value = found.value if found else noted.get(result.key)
        rows.append(
            {
                "result": result,
                "value": number(value) if value is not None and not result.is_judged else "",
                "points": found.points if found else None,
                "bar": bar_of(found.points) if found else None,
                "way": way_of(result),
                "follows": result.kpi_version.kpi.name if result.kpi_version else "",
                "note": key_rule_text(found.rule) if found and found.rule != NOT_STARTED else "",
            }
        )
    return rows


def way_of(result: KeyResult) -> str:
    """ "50 → 100 %"; "at most 20 s"; "judged at the end"."""
    if result.is_judged or result.target is None:
        return _("judged at the end")
    unit = f" {result.unit}" if result.unit else ""
    if result.start is not None:
        return f"{number(result.start)} → {number(result.target)}{unit}"
    if result.direction == KeyResult.Direction.LOWER:
        return _("at most %(target)s") % {"target": f"{number(result.target)}{unit}"}
    return _("at least %(target)s") % {"target": f"{number(result.target)}{unit}"}


def hint_texts(version: ObjectiveVersion, cycle: Cycle) -> list[str]:
    """What could be said more clearly; nothing of it has to be."""
    texts = {
        NO_NUMBER: _("By which number will one see it? Give one key result a target."),
        NO_DAY: _("By when? Without a day it is the end of the period, %(day)s.")
        % {"day": date_short(cycle.last_day)},
        NO_VERB: _("What will be done? Begin with a verb: shorten, train, finish."),
        VAGUE: _("Words such as “try” or “better” leave open when it is reached."),
        MANY: _("More than five key results: what are the ones that matter?"),
        SLIGHT: _("A weight below 10 hardly moves anything."),
    }
    found = hints(
        version.title,
        version.why,
        float(version.weight),
        [(each.title, not each.is_judged) for each in version.key_results.all()],
    )
    return [texts[code] for code in found]


def difference(before: ObjectiveVersion, after: ObjectiveVersion) -> list[str]:
    """What changed from one version to the next, in sentences."""
    told = []
    if after.is_dropped and not before.is_dropped:
        return [_("The objective ends.")]
    if before.title != after.title:
        told.append(_("Objective: “%(old)s” became “%(new)s”.") % {"old": before.title, "new": after.title})
    if before.weight != after.weight:
        told.append(
            _("Weight: %(old)s became %(new)s.") % {"old": number(before.weight), "new": number(after.weight)}
        )
    if before.why != after.why:
        told.append(_("The reason why it matters was reworded."))
    if before.parent_id != after.parent_id:
        told.append(
            _("It supports “%(name)s” now.") % {"name": after.parent.shown_version.title}
            if after.parent is not None
            else _("It supports no other objective any more.")
        )
    if before.perspective != after.perspective:
        told.append(_("It belongs to another perspective now."))
    old = {each.key: each for each in before.key_results.all()}
    new = {each.key: each for each in after.key_results.all()}
    for key, result in new.items():
        if key not in old:
            told.append(
                _("New key result: %(name)s, %(way)s.") % {"name": result.title, "way": way_of(result)}
            )
        else:
            told += _key_difference(old[key], result)
    told += [_("Key result left out: %(name)s.") % {"name": old[key].title} for key in old if key not in new]
    return told or [_("The wording is the same; it was proposed anew.")]


def _key_difference(before: KeyResult, after: KeyResult) -> list[str]:
    told = []
    if before.title != after.title:
        told.append(_("Key result: “%(old)s” became “%(new)s”.") % {"old": before.title, "new": after.title})
    if way_of(before) != way_of(after):
        told.append(
            _("%(name)s: %(old)s became %(new)s.")
            % {"name": after.title, "old": way_of(before), "new": way_of(after)}
        )
    if before.weight != after.weight:
        told.append(
            _("%(name)s: its weight %(old)s became %(new)s.")
            % {"name": after.title, "old": number(before.weight), "new": number(after.weight)}
        )
    if before.kpi_version_id != after.kpi_version_id:
        told.append(
            _("%(name)s follows the KPI %(kpi)s now.")
            % {"name": after.title, "kpi": after.kpi_version.kpi.name}
            if after.kpi_version is not None
            else _("%(name)s follows no KPI any more.") % {"name": after.title}
        )
    return told
