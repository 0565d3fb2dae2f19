"""Places in words: "Rank 12 to 15 of 48 people, about average", and how a ranking came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from foundation.interface.wording import number
from reviews.forms.cycles import COHORT_LABELS
from reviews.methods.base import localised
from reviews.methods.kpi import BELOW_MINIMUM, MISSING
from reviews.methods.ranking import COMPONENTS, KPI, NO_COHORT, ORDERING, PERCENTILE, RATER, SMALL_COHORT

WORD_TEXTS = {
    "significantly_above": gettext_lazy("significantly above average"),
    "above": gettext_lazy("above average"),
    "about": gettext_lazy("about average"),
    "below": gettext_lazy("below average"),
    "significantly_below": gettext_lazy("significantly below average"),
}
COHORT_TEXTS = {**COHORT_LABELS, RATER: gettext_lazy("The people whom one manager ordered")}


def place_text(rank: int | None, low: int | None, high: int | None, size: int, word: str) -> str:
    """ "Rank 12 to 15 of 48 people, about average"; one place where nothing more is known. Empty without a rank."""
    if rank is None:
        return ""
    if low is not None and high is not None and low < high:
        text = ngettext(
            "Rank %(low)s to %(high)s of %(size)s person", "Rank %(low)s to %(high)s of %(size)s people", size
        ) % {"low": number(low, 0), "high": number(high, 0), "size": number(size, 0)}
    else:
        text = ngettext("Rank %(rank)s of %(size)s person", "Rank %(rank)s of %(size)s people", size) % {
            "rank": number(rank, 0),
            "size": number(size, 0),
        }
    return _(", ").join([text, str(WORD_TEXTS[word])]) if word in WORD_TEXTS else text


def standing_text(standing: Mapping[str, Any]) -> str:
    """The same of a ranking's component, or why there is no place."""
    if not standing:
        return ""
    if standing["rank"] is None:
        return {
            SMALL_COHORT: ngettext(
                "No place: only %(size)s person of the cohort has a value.",
                "No place: only %(size)s people of the cohort have a value.",
                standing["size"],
            )
            % {"size": number(standing["size"], 0)},
            NO_COHORT: _("No place: it is not known which cohort this person belongs to."),
            BELOW_MINIMUM: _("No place: too few cases."),
            MISSING: _("No place: there is no value to compare."),
        }.get(standing["word"], "")
    return place_text(
        standing["rank"], standing["rank_low"], standing["rank_high"], standing["size"], standing["word"]
    )


def certainty_text(standing: Mapping[str, Any]) -> str:
    """What the interval and the word rest on."""
    if standing.get("rank") is None:
        return ""
    if standing["rank_low"] is None:
        return _(
            "Above and below mean the upper and the lower third; how sure an order is cannot be said without errors."
        )
    return _(
        "Within these places nobody can be told apart with a confidence of 95 percent. Significantly means "
        "against the cohort's mean, allowing for the number of people compared."
    )


def ranking_node(
    component: Mapping[str, Any],
    configured: Mapping[str, Any],
    names: Mapping[str, str],
    label: str,
    value: str,
) -> dict[str, Any]:
    """The node of components/explain_tree.html for a ranking; of other people only counts and the mean."""
    standing = component["standing"]
    counts = [
        (_("People above"), standing.get("above")),
        (_("People at the same place, oneself included"), standing.get("equal")),
        (_("People who are surely above"), standing.get("apart_above")),
        (_("People who are surely below"), standing.get("apart_below")),
    ]
    children = [
        _source_node(line, configured, names) for line in component["lines"] if ":" not in line["subject"]
    ]
    if standing.get("rank") is not None:
        children.append(
            {
                "label": _("Mean of the cohort"),
                "value": number(_shown(standing["mean"], configured)),
                "n": standing["size"],
                "note": str(COHORT_TEXTS[standing["cohort"]]),
            }
        )
        children += [
            {"label": text, "value": number(count, 0)} for text, count in counts if count is not None
        ]
    return {
        "label": label,
        "value": value,
        "formula": points_sentence(component, configured),
        "note": standing_text(standing),
        "children": children,
    }


def _shown(mean: float, configured: Mapping[str, Any]) -> float:
    """What people are compared by has its sign turned where less is better."""
    if configured["source"] == ORDERING:
        return -mean
    if configured["source"] == KPI and configured["kpis"][0]["version"]["direction"] != "higher":
        return -mean
    return mean


def _source_node(
    line: Mapping[str, Any], configured: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any]:
    value = number(line["value"]) if line["value"] is not None else "–"
    if configured["source"] == ORDERING:
        return {"label": _("Place given by the manager"), "value": value}
    if configured["source"] == COMPONENTS:
        return {"label": names.get(line["subject"], line["subject"]), "value": value, "n": line["n"]}
    version = configured["kpis"][0]["version"]
    return {
        "label": localised(version["name"], get_language() or "en") or line["subject"],
        "value": value,
        "n": line["n"],
        "formula": version["formula"],
    }


def points_sentence(component: Mapping[str, Any], configured: Mapping[str, Any]) -> str:
    """ "0 + (100 − 0) × (41 + 1 ÷ 2) ÷ 48 = 86.458333" """
    standing = component["standing"]
    if standing.get("rank") is None or component["score"] is None:
        return ""
    size, above, equal = int(standing["size"]), int(standing["above"]), int(standing["equal"])
    below = size - above - equal
    lowest, highest = configured["points"]["lowest"], configured["points"]["highest"]
    share = (
        f"({number(below, 0)} + {number(equal, 0)} ÷ 2) ÷ {number(size, 0)}"
        if configured["scale"] == PERCENTILE
        else f"({number(size, 0)} − {number(above + (equal + 1) / 2)}) ÷ ({number(size, 0)} − 1)"
    )
    return (
        f"{number(lowest)} + ({number(highest)} − {number(lowest)}) × {share} = {number(component['score'])}"
    )
