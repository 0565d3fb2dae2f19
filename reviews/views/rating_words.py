"""Why a rating is what it is, in words: cut-offs or shares, the group, ties, calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from foundation.interface.wording import number, number_within
from reviews.methods.base import localised
from reviews.methods.bonus import item_of
from reviews.methods.overall import BREACH, POINTS, RATING
from reviews.methods.rating_rule import CUTOFFS, EXEMPT, MERGED, SPLIT, rule_of
from reviews.methods.red_lines import ABOVE, CountedIncidents, KPIBeyond, red_line_of
from reviews.models import Cycle
from reviews.views.explaining import points_that_count
from reviews.views.presentation import band_of, bands_of, language, name_of


def band_label(cycle: Cycle, code: str) -> str:
    return str(band_of(cycle, code).get("label", code))


def by_shares(cycle: Cycle) -> bool:
    return bool(rule_of(cycle.configuration)["by"] != CUTOFFS)


def bands_in(cycle: Cycle, explanation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scale to stand on: the cut-offs, or where shares gave the rating the scores at the cuts of the group."""
    bands = bands_of(cycle)
    group = explanation["rating_group"]
    if not group or group["outcome"] == EXEMPT or not group["bands"]:
        return bands
    cuts = {each["band"]: each["cut"] for each in group["bands"] if each["places"]}
    held = [{**band, "from": cuts[band["code"]]} for band in bands if band["code"] in cuts]
    return [{**held[0], "from": None}, *held[1:]] if held else bands


def rating_notes(cycle: Cycle, explanation: Mapping[str, Any]) -> list[str]:
    """What must stand beside the rating at once: that it was moved, and that its group was merged or exempt."""
    if explanation["score"] is None:
        return []
    notes = [group_sentence(explanation)] if explanation["rating_group"] else []
    return [
        note
        for note in [*notes, *moved_sentences(cycle, explanation), *red_line_sentences(cycle, explanation)]
        if note
    ]


def moved_sentences(cycle: Cycle, explanation: Mapping[str, Any]) -> list[str]:
    before, sentences = explanation["computed_rating"], []
    for each in explanation["adjustments"]:
        if each["kind"] != RATING:
            continue
        names = {"before": band_label(cycle, before), "after": band_label(cycle, each["rating"])}
        if each["reason"]:
            sentence = _("Rating moved from %(before)s to %(after)s by calibration: %(reason)s")
            sentences.append(sentence % {**names, "reason": each["reason"]})
        else:
            sentences.append(_("Rating moved from %(before)s to %(after)s by calibration.") % names)
        before = each["rating"]
    return sentences


def red_line_sentences(cycle: Cycle, explanation: Mapping[str, Any]) -> list[str]:
    """ "Capped at C because of Fatal errors: 5, above the limit of 3." Also where the rating was no higher anyway."""
    sentences = []
    moves = [each["rating"] for each in explanation["adjustments"] if each["kind"] == RATING]
    uncapped = moves[-1] if moves else explanation["computed_rating"]
    for hit in explanation["red_lines"]:
        line = red_line_of(explanation["configuration"], hit["code"]) or {}
        because = name_of(line, hit["code"])
        if line.get("kind") == KPIBeyond.code:
            sentence = (
                _("%(name)s (%(value)s, above the limit of %(limit)s)")
                if line["beyond"] == ABOVE
                else _("%(name)s (%(value)s, below the limit of %(limit)s)")
            )
            because = sentence % {
                "name": because,
                "value": number(hit["value"]),
                "limit": number(line["limit"]),
            }
        elif line.get("kind") == CountedIncidents.code:
            because = ngettext(
                "%(name)s (%(count)s incident, the limit is %(limit)s)",
                "%(name)s (%(count)s incidents, the limit is %(limit)s)",
                int(hit["value"]),
            ) % {"name": because, "count": number(hit["value"], 0), "limit": number(line["at_least"], 0)}
        else:
            reasons = [
                each["reason"]
                for each in explanation["adjustments"]
                if each["kind"] == BREACH and each["item"] == hit["code"]
            ]
            because = _(": ").join([because, _("; ").join(reasons)]) if reasons else because
        names = {"cap": band_label(cycle, hit["cap"]), "because": because}
        if band_of(cycle, hit["cap"]).get("index", 0) < band_of(cycle, uncapped).get("index", 0):
            sentences.append(_("Capped at %(cap)s because of a red line: %(because)s.") % names)
        else:
            sentences.append(
                _("A red line was crossed: %(because)s. The rating does not lie above %(cap)s anyway.")
                % names
            )
    return sentences


def points_node(explanation: Mapping[str, Any]) -> dict[str, Any] | None:
    """Bonus and penalty items with points, reason and evidence; what the limits leave of them."""
    granted = [each for each in explanation["adjustments"] if each["kind"] == POINTS]
    if not granted:
        return None
    counted, total = points_that_count(explanation), math.fsum(each["points"] for each in granted)
    formula = ""
    if round(total, 6) != counted:
        formula = _("Granted %(total)s; by the limits of the cycle %(counted)s count.") % {
            "total": signed(total),
            "counted": signed(counted),
        }
    return {
        "label": _("Bonus and penalty points"),
        "value": signed(counted),
        "formula": formula,
        "children": [
            {
                "label": _item_label(explanation, each),
                "value": signed(each["points"]),
                "note": " ".join(text for text in (each["reason"], each["evidence"]) if text),
            }
            for each in granted
        ],
    }


def _item_label(explanation: Mapping[str, Any], each: Mapping[str, Any]) -> str:
    item = item_of(explanation["configuration"], each["item"])
    label = name_of(item, each["item"]) if item else _("Points without an item")
    return _("Taken back: %(item)s") % {"item": label} if each["reverses"] else label


def signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)


def group_sentence(explanation: Mapping[str, Any]) -> str:
    """Among whom the shares were applied; why not in the own group, where that is so."""
    group = explanation["rating_group"]
    if not group:
        return ""
    numbers = {
        "size": number(group["size"], 0),
        "minimum": number(group["minimum"], 0),
        "counted": number(group["counted"], 0),
        "name": _named(group["name"]),
        "into": _named(group["into"]),
    }
    if group["outcome"] == EXEMPT:
        return (
            _(
                "The group has %(size)s scored people; shares need at least %(minimum)s. So it is exempt and the "
                "cut-offs decide."
            )
            % numbers
        )
    if group["outcome"] == MERGED and group["into"]:
        return (
            _(
                "%(name)s has %(size)s scored people; shares need at least %(minimum)s. So it was rated together with "
                "other small groups in %(into)s: %(counted)s people."
            )
            % numbers
        )
    if group["outcome"] == MERGED:
        return (
            _(
                "The group has %(size)s scored people; shares need at least %(minimum)s. So it was rated together with "
                "the other small groups: %(counted)s people."
            )
            % numbers
        )
    return (
        ngettext(
            "Rated by shares among %(counted)s person.",
            "Rated by shares among %(counted)s people.",
            group["counted"],
        )
        % numbers
    )


def with_rating(tree: dict[str, Any], explanation: Mapping[str, Any], cycle: Cycle) -> dict[str, Any]:
    """The tree of the score with the rating as its last branch."""
    points = points_node(explanation)
    if points is not None:
        tree["children"] = [*tree["children"], points]
    if explanation["score"] is not None:
        tree["children"] = [*tree["children"], rating_node(explanation, cycle)]
    return tree


def rating_node(explanation: Mapping[str, Any], cycle: Cycle) -> dict[str, Any]:
    computed = explanation["computed_rating"]
    group = explanation["rating_group"]
    if group and group["outcome"] != EXEMPT:
        children = [_band_node(cycle, each, group) for each in group["bands"]]
        formula = group_sentence(explanation)
        note = _place_sentence(cycle, explanation)
    else:
        children, formula = [], _cutoff_sentence(cycle, explanation)
        note = group_sentence(explanation)
    said = [*moved_sentences(cycle, explanation), *red_line_sentences(cycle, explanation)]
    children += [{"label": each, "value": ""} for each in said]
    label = (
        _("Rating")
        if computed == explanation["rating"]
        else _("Rating, computed as %(band)s") % {"band": band_label(cycle, computed)}
    )
    return {
        "label": label,
        "value": band_label(cycle, explanation["rating"]) or "–",
        "formula": formula,
        "note": note,
        "children": children,
    }


def _cutoff_sentence(cycle: Cycle, explanation: Mapping[str, Any]) -> str:
    band = band_of(cycle, explanation["computed_rating"])
    if not band:
        return ""
    numbers = {
        "score": number(explanation["score"]),
        "low": number(band["from"]),
        "high": number(band["to"]),
        "band": band["label"],
    }
    if band["index"] == 0:
        return _("%(score)s lies below %(high)s: %(band)s") % numbers
    if band["to"] is None:
        return _("%(score)s lies at or above %(low)s: %(band)s") % numbers
    return _("%(score)s lies from %(low)s to below %(high)s: %(band)s") % numbers


def _place_sentence(cycle: Cycle, explanation: Mapping[str, Any]) -> str:
    """One's own place, where ranks are shown, and what was done about those with the same score."""
    group, sentences = explanation["rating_group"], []
    if group["above"] is not None:
        sentences.append(
            _("%(above)s people stand above the score %(score)s.")
            % {"above": number(group["above"], 0), "score": number(explanation["score"])}
        )
    if group["equal"] > 1:
        counts = {"equal": number(group["equal"], 0), "order": number(group["order"], 0)}
        if group["ties"] == SPLIT:
            sentences.append(
                _(
                    "%(equal)s people have this score; at a cut the one longer in the role comes first. Own "
                    "place among them: %(order)s."
                )
                % counts
            )
        else:
            sentences.append(
                _("%(equal)s people have this score; they are not split and share one rating.") % counts
            )
    return " ".join(sentences)


def _band_node(cycle: Cycle, each: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    label = _("%(band)s, share %(share)s %%") % {
        "band": band_label(cycle, each["band"]),
        "share": number(each["share"]),
    }
    note = ""
    if each["people"] > each["places"] and each["cut"] is not None:
        note = _("More people than places: those with the score %(cut)s are not split.") % {
            "cut": number(each["cut"])
        }
    counts = {"places": number(each["places"], 0), "people": number(each["people"], 0)}
    formula = ngettext(
        "%(places)s place by the share, %(people)s rated so",
        "%(places)s places by the share, %(people)s rated so",
        each["places"],
    )
    return {
        "label": label,
        "value": _("from %(cut)s") % {"cut": number(each["cut"])}
        if each["cut"] is not None and each["places"]
        else "–",
        "formula": formula % counts,
        "note": note,
    }


def _named(name: Mapping[str, str] | None) -> str:
    return localised(name, language()) or _("The group")


def score_beside_rating(cycle: Cycle, score: float | None) -> str:
    """For lists: one decimal, never rounded into a band that the score does not reach."""
    return number_within(score, [band["from"] for band in bands_of(cycle)])
