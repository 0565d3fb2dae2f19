"""360 degrees: several groups rate, each with a weight, and no group that is too small is ever computed by itself.

What reaches this module has been closed already: answers stand in units that may be reported (a group, or several small
ones as one), each of at least the minimum of raters, or named (superior, self). See docs/methods/multisource.md and
docs/decisions/0004-anonymity-of-360.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import (
    CODE,
    LINE_COLUMNS,
    NAME,
    TEXT,
    WEIGHT,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    check_duplicates,
    check_weights,
    has_name,
    or_nan,
    or_none,
)
from reviews.methods.rating_scale import RatingScaleMethod, scale_schema
from scoring.composite import combined_standard_error, stored, weighted_mean

SELF, SUPERIOR, PEERS, SUBORDINATES, CUSTOMERS = "self", "superior", "peers", "subordinates", "customers"
GROUPS = (SELF, SUPERIOR, PEERS, SUBORDINATES, CUSTOMERS)
# Whoever stands in these is known in any case, so no number of raters could hide them.
NAMED = (SELF, SUPERIOR)
MERGE, DROP = "merge", "drop"
BY_RATEE, BY_TREE = "ratee", "tree"
# Rules of the lines: the head of a unit, and its items.
GROUP, MERGED, ITEM, MISSING = "group", "merged", "item", "missing"
DEFAULT_MINIMUM = 5
VOICE_COLUMNS = ("employee_id", "component", "unit", "place", "n", "mean", "standard_error")

_SCALE = scale_schema(descriptions={"type": "object", "maxProperties": 10, "additionalProperties": TEXT})


class MultisourceMethod(RatingScaleMethod):
    code = "multisource"
    label = _("360 degrees")
    description = _("Superior, peers, subordinates, customers and oneself answer; small groups stay unseen.")
    # It asks people, but by invitations of its own: no form of the manager's belongs to it.
    needs_raters = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["groups", "levels", "items"],
        "properties": {
            **{name: _SCALE["properties"][name] for name in ("levels", "items", "allow_not_observed")},
            "groups": {
                "type": "array",
                "maxItems": len(GROUPS),
                "items": {
                    "type": "object",
                    "required": ["code", "weight"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {"enum": list(GROUPS)},
                        "weight": WEIGHT,
                        "wanted": {"type": "integer", "minimum": 0, "maximum": 50},
                        "maximum": {"type": "integer", "minimum": 1, "maximum": 100},
                    },
                },
            },
            "minimum_group": {"type": "integer", "minimum": 3, "maximum": 50},
            "small_groups": {"enum": [MERGE, DROP]},
            "nomination": {"enum": [BY_RATEE, BY_TREE]},
            "load_cap": {"type": "integer", "minimum": 1, "maximum": 200},
            "link_days": {"type": "integer", "minimum": 1, "maximum": 90},
            "questions": {
                "type": "array",
                "maxItems": 6,
                "items": {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": False,
                    "properties": {"code": CODE, "name": NAME},
                },
            },
        },
    }

    def blank(self) -> Component:
        scale = super().blank()
        return {
            "groups": [
                {"code": SELF, "weight": 0, "wanted": 1, "maximum": 1},
                {"code": SUPERIOR, "weight": 30, "wanted": 1, "maximum": 2},
                {"code": PEERS, "weight": 30, "wanted": 6, "maximum": 10},
                {"code": SUBORDINATES, "weight": 20, "wanted": 8, "maximum": 12},
                {"code": CUSTOMERS, "weight": 20, "wanted": 6, "maximum": 10},
            ],
            "minimum_group": DEFAULT_MINIMUM,
            "small_groups": MERGE,
            "nomination": BY_RATEE,
            "load_cap": 12,
            "link_days": 21,
            "levels": scale["levels"],
            "items": [],
            "allow_not_observed": True,
            "questions": [
                {"code": "strengths", "name": {"zh": "做得好的地方", "en": "What this person does well"}},
                {"code": "wishes", "name": {"zh": "希望改进的地方", "en": "What to do differently"}},
            ],
        }

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        super().check(component, kpis=kpis, problems=problems, path=path, complete=complete)
        groups = component["groups"]
        check_duplicates(
            [each["code"] for each in groups],
            problems=problems,
            paths=[(*path, "groups", index, "code") for index in range(len(groups))],
        )
        questions = component.get("questions", [])
        check_duplicates(
            [each["code"] for each in questions],
            problems=problems,
            paths=[(*path, "questions", index, "code") for index in range(len(questions))],
        )
        for index, each in enumerate(groups):
            if each.get("wanted", 0) > each.get("maximum", 100):
                problems.add((*path, "groups", index, "wanted"), "voices_wanted_above_maximum")
        for index, each in enumerate(questions):
            if complete and not has_name(each.get("name")):
                problems.add((*path, "questions", index, "name"), "cycle_name_required")
        check_weights(
            [each["weight"] for each in groups], problems=problems, path=(*path, "groups"), complete=complete
        )
        if complete:
            self._check_sizes(component, problems, path)

    def _check_sizes(self, component: Component, problems: Problems, path: Path) -> None:
        """A group that cannot reach the minimum, alone or with the others, would be asked for nothing."""
        minimum = component.get("minimum_group", DEFAULT_MINIMUM)
        hidden = [each for each in component["groups"] if each["code"] not in NAMED]
        small = [each for each in hidden if each.get("maximum", 100) < minimum]
        merges = component.get("small_groups", MERGE) == MERGE
        together = sum(each.get("maximum", 100) for each in hidden)
        if small and (not merges or together < minimum):
            problems.add((*path, "minimum_group"), "voices_group_never_counts", minimum=minimum)

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        return {**{name: value for name, value in self.blank().items() if name != "questions"}, **component}

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """The rule of docs/methods/multisource.md over what was closed.

        A line for each unit and, below it, for each of its items. Missing rule: an item that too few of a unit observed
        shares its weight among the others; a unit without answers shares its weight among the others; without any unit
        that has a weight there is no score. The standard error is that of drawing these raters out of all who might
        have been asked, from the spread within each unit; the named groups count as exact.
        """
        found = inputs.voices
        mine = found[found["component"] == component["code"]] if len(found) else found
        people = inputs.employee_ids
        if not len(mine):
            nothing = np.full(len(people), np.nan)
            return ComponentAnswer(
                nothing,
                nothing,
                np.zeros(len(people), dtype=np.int64),
                pd.DataFrame(columns=list(LINE_COLUMNS)),
            )
        items = component["items"]
        units = unit_order(component, mine["unit"].unique().tolist())
        where = pd.MultiIndex.from_frame(mine[["employee_id", "unit", "place"]])
        index = pd.MultiIndex.from_product([people, units, range(len(items) + 1)])
        shape = (len(people), len(units), len(items) + 1)
        laid = mine.set_index(where)[["n", "mean", "standard_error"]].reindex(index)
        n = laid["n"].fillna(0).to_numpy(dtype=np.int64).reshape(shape)
        means = stored(laid["mean"].to_numpy(dtype=np.float64).reshape(shape))
        spread = stored(laid["standard_error"].to_numpy(dtype=np.float64).reshape(shape)[:, :, 0])
        count, item_n, item_means = n[:, :, 0], n[:, :, 1:], means[:, :, 1:]
        unit_scores = _unit_scores(item_means.reshape(-1, len(items)), items).reshape(count.shape)
        weights = np.array([unit_weight(component, unit) for unit in units])
        score, error = _component_score(unit_scores, spread, weights)
        return ComponentAnswer(
            score=score,
            standard_error=error,
            n=np.where(np.isnan(unit_scores), 0, count).sum(axis=1).astype(np.int64),
            lines=_lines(
                component, people, units, weights, (unit_scores, spread, count), (item_means, item_n)
            ),
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """From the means of the items in each unit; the spread within a unit is as far down as anyone may look."""
        items = [item["code"] for item in component["items"]]
        heads = [line for line in lines if line["rule"] in (GROUP, MERGED)]
        told = {line["subject"]: line for line in lines}
        means = np.array(
            [
                [or_nan((told.get(f"{head['subject']}:{code}") or {}).get("points")) for code in items]
                for head in heads
            ]
        ).reshape(len(heads), len(items))
        scores = _unit_scores(means, component["items"])
        errors = np.array([or_nan(head["standard_error"]) for head in heads])
        weights = np.array([unit_weight(component, head["subject"]) for head in heads])
        score, error = _component_score(scores[None, :], errors[None, :], weights)
        by_unit = {head["subject"]: scores[place] for place, head in enumerate(heads)}
        return {
            "score": or_none(score[0]),
            "standard_error": or_none(error[0]),
            "lines": [
                {
                    "subject": line["subject"],
                    "value": or_none(by_unit[line["subject"]])
                    if line["subject"] in by_unit
                    else line["value"],
                    "attainment": None,
                    "points": or_none(by_unit[line["subject"]])
                    if line["subject"] in by_unit
                    else line["points"],
                    "standard_error": line["standard_error"],
                    "rule": line["rule"],
                }
                for line in lines
            ],
        }


def group_of(component: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    """The entry of a group; None where the component does not ask it."""
    return next((each for each in component["groups"] if each["code"] == code), None)


def unit_name(members: tuple[str, ...]) -> str:
    return "+".join(members)


def members_of(unit: str) -> list[str]:
    return unit.split("+")


def unit_weight(component: Mapping[str, Any], unit: str) -> float:
    """The weights of a unit's groups together."""
    declared = {each["code"]: float(each["weight"]) for each in component["groups"]}
    return sum(declared.get(member, 0.0) for member in members_of(unit))


def unit_order(component: Mapping[str, Any], units: list[str]) -> list[str]:
    """Groups as configured, merged ones last."""
    codes = [each["code"] for each in component["groups"]]
    places = {unit: [codes.index(member) for member in members_of(unit) if member in codes] for unit in units}
    return sorted(units, key=lambda unit: (len(places[unit]), places[unit]))


def _unit_scores(item_means: Floats, items: list[dict[str, Any]]) -> Floats:
    """shape (units, items) to (units,), nan for a unit without any."""
    if not len(item_means):
        return np.zeros(0)
    weights = np.array([float(item["weight"]) for item in items])
    return stored(weighted_mean(np.ascontiguousarray(item_means), weights))


def _component_score(scores: Floats, errors: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(score, standard error) of each person over the units; scoring.multisource.combine after the merging."""
    share = np.where(np.isnan(scores), 0.0, weights)
    total = share.sum(axis=1)
    with np.errstate(invalid="ignore"):
        score = np.where(total > 0, (share * np.nan_to_num(scores)).sum(axis=1) / total, np.nan)
    error = combined_standard_error(errors, share, unknown="exact")
    return stored(score), stored(np.where(np.isnan(score), np.nan, error))


def _lines(
    component: Component,
    people: Any,
    units: list[str],
    weights: Floats,
    heads: tuple[Floats, Floats, Any],
    items: tuple[Floats, Any],
) -> pd.DataFrame:
    """One row for each unit of a person, followed by those of its items."""
    scores, errors, counts = heads
    means, numbers = items
    frames = []
    width = len(component["items"]) + 1
    for place, unit in enumerate(units):
        there = ~np.isnan(scores[:, place])
        if not there.any():
            continue
        common = {
            "employee_id": people[there],
            "component": component["code"],
            "target": np.nan,
            "attainment": np.nan,
        }
        frames.append(
            pd.DataFrame(
                {
                    **common,
                    "number": place * width,
                    "subject": unit,
                    "value": scores[there, place],
                    "weight": weights[place],
                    "points": scores[there, place],
                    "n": counts[there, place],
                    "standard_error": errors[there, place],
                    "rule": MERGED if len(members_of(unit)) > 1 else GROUP,
                }
            )
        )
        for item, entry in enumerate(component["items"]):
            mean = means[there, place, item]
            frames.append(
                pd.DataFrame(
                    {
                        **common,
                        "number": place * width + item + 1,
                        "subject": f"{unit}:{entry['code']}",
                        "value": mean,
                        "weight": float(entry["weight"]),
                        "points": mean,
                        "n": numbers[there, place, item],
                        "standard_error": np.nan,
                        "rule": np.where(np.isnan(mean), MISSING, ITEM),
                    }
                )
            )
    if not frames:
        return pd.DataFrame(columns=list(LINE_COLUMNS))
    lines = pd.concat(frames, ignore_index=True).sort_values(["employee_id", "number"], ignore_index=True)
    lines["number"] = lines.groupby("employee_id").cumcount() + 1
    return lines[list(LINE_COLUMNS)]
