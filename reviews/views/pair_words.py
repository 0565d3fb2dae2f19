"""A paired comparison in words: what was answered about oneself, and how that became points. Nobody else is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from foundation.interface.wording import number
from reviews.methods.base import localised
from reviews.methods.kpi import MISSING
from reviews.methods.paired import DISCONNECTED, WHOLE, criteria_of
from reviews.methods.ranking import NO_COHORT, SMALL_COHORT


def pair_rows(component: Mapping[str, Any], configured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One per criterion: {name, weight, points, low, high, sentence, answers} with numbers as they are."""
    by_subject = {line["subject"]: line for line in component["lines"]}
    rows = []
    for criterion in criteria_of(configured):
        line = by_subject.get(criterion["code"])
        if line is not None:
            told = {
                name: (by_subject.get(f"{criterion['code']}:{name}") or {}).get("value")
                for name in ("won", "even", "lost", "size", "raters")
            }
            rows.append(
                {
                    "name": criterion_name(criterion),
                    "line": line,
                    "points": line["points"],
                    "weight": line["weight"],
                    "sentence": standing_sentence(line, told),
                    "answers": answers_sentence(told) if line["points"] is not None else "",
                }
            )
    return rows


def criterion_name(criterion: Mapping[str, Any]) -> str:
    if criterion["code"] == WHOLE and not criterion.get("name"):
        return _("All in all")
    return localised(criterion.get("name"), get_language() or "en") or str(criterion["code"])


def standing_sentence(line: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """ "Would be expected to be preferred in 63.4 of 100 comparisons with the other 11 people", or why not."""
    if line["points"] is None:
        return {
            MISSING: _(
                "Nobody has compared this person yet. The other criteria or components share the weight."
            ),
            NO_COHORT: _("It is not known which group this person is compared in."),
            SMALL_COHORT: _("Too few people of the group were compared."),
            DISCONNECTED: _(
                "The people of the group were not all compared with one another, so there is no order of them."
            ),
        }.get(line["rule"], "")
    others = int(told["size"]) - 1
    return ngettext(
        "Expected to be preferred in %(share)s of 100 comparisons with the other %(count)s person of the group",
        "Expected to be preferred in %(share)s of 100 comparisons with the other %(count)s people of the group",
        others,
    ) % {"share": number(line["points"], 1), "count": number(others, 0)}


def answers_sentence(told: Mapping[str, Any]) -> str:
    """ "Preferred 5 times, no difference 1 time, the other preferred 2 times; by 2 raters" """
    counted = _("preferred %(won)s, no difference %(even)s, the other preferred %(lost)s") % {
        name: number(told[name], 0) for name in ("won", "even", "lost")
    }
    raters = int(told["raters"])
    return ngettext(
        "%(answers)s; asked of %(count)s rater", "%(answers)s; asked of %(count)s raters", raters
    ) % {"answers": counted, "count": number(raters, 0)}


def pairs_node(
    component: Mapping[str, Any],
    configured: Mapping[str, Any],
    *,
    label: str,
    value: str,
    formula: str,
) -> dict[str, Any]:
    """The node of components/explain_tree.html; every number with all the decimals that are stored."""
    by_subject = {line["subject"]: line for line in component["lines"]}
    children = []
    for row in pair_rows(component, configured):
        line = row["line"]
        strength = by_subject.get(f"{line['subject']}:strength")
        children.append(
            {
                "label": row["name"],
                "value": number(row["points"], 1) if row["points"] is not None else "–",
                "n": line["n"],
                "formula": f"100 × {number(line['value'])} = {number(line['points'])}"
                if line["points"] is not None
                else "",
                "note": row["sentence"],
                "children": [
                    {"label": _("Answers given"), "value": number(line["n"], 0), "note": row["answers"]},
                    {
                        "label": _("Strength, in logits: the mean of the group is 0"),
                        "value": number(strength["value"]),
                        "note": _("standard error %(error)s") % {"error": number(strength["standard_error"])},
                    },
                ]
                if strength
                else [],
            }
        )
    return {"label": label, "value": value, "formula": formula, "children": children}
