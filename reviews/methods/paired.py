"""Paired comparison: raters say of two people at a time who did better; everyone gets the wins to be expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    Method,
    RelativeInputs,
    check_duplicates,
    check_weights,
    frozen_version,
    has_name,
    or_nan,
    or_none,
)
from reviews.methods.cohorts import COHORTS, cohort_labels
from reviews.methods.kpi import MISSING
from reviews.methods.ranking import NO_COHORT, RATER, SMALL_COHORT, SOURCE
from scoring.composite import combined_standard_error, stored, weighted_mean
from scoring.pair_orders import expected_wins, most_telling, order_certainty, pairs_needed, parts
from scoring.pairwise import Strengths, strengths_of

# Whose people are compared with one another. A queue is known only afterwards, from the records.
PAIR_COHORTS = (RATER, *(kind for kind in COHORTS if kind != "queue"))
# Where a component names no criteria there is one question: who did better, all in all.
WHOLE = "preference"
# Precision of the normal prior on strengths, in logits: a standard deviation of 2, so that somebody one deviation above
# the middle is preferred to the middle 88 times of 100. It answers where somebody won every comparison.
PRIOR = 0.25
SMALLEST_COHORT, USUAL_COHORT, LARGEST_COHORT = 2, 3, 60
LOWEST_CERTAINTY, USUAL_CERTAINTY, HIGHEST_CERTAINTY = 70, 90, 95
# Rules of a line, beside those of a ranking: it counts; not all were compared with one another.
EXPECTED, DISCONNECTED = "expected_wins", "disconnected"
FIRST, SECOND, EVEN = 1, -1, 0
COMPARISON_COLUMNS = ("component", "criterion", "rater_id", "first_id", "second_id", "outcome")


class PairedMethod(Method):
    code = "paired_comparison"
    label = _("Paired comparison")
    description = _("Raters see two people at a time and say who did better; many answers make an order.")
    needs_raters = True
    compares_people = True
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "criteria": {
                "type": "array",
                "maxItems": 6,
                "items": {
                    "type": "object",
                    "required": ["code", "weight"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {**CODE, "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"},
                        "weight": WEIGHT,
                        "name": NAME,
                        "description": TEXT,
                    },
                },
            },
            "evidence": {
                "type": "array",
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "required": ["kpi"],
                    "additionalProperties": False,
                    "properties": {"kpi": {"type": "string", "maxLength": 60}},
                },
            },
            "cohort": {"enum": list(PAIR_COHORTS)},
            "minimum_cohort": {"type": "integer", "minimum": SMALLEST_COHORT, "maximum": LARGEST_COHORT},
            "certainty": {"type": "number", "minimum": LOWEST_CERTAINTY, "maximum": HIGHEST_CERTAINTY},
            "ties": {"type": "boolean"},
        },
    }

    def blank(self) -> Component:
        return {
            "criteria": [],
            "evidence": [],
            "cohort": RATER,
            "minimum_cohort": USUAL_COHORT,
            "certainty": USUAL_CERTAINTY,
            "ties": True,
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
        criteria = component.get("criteria", [])
        check_duplicates(
            [each["code"] for each in criteria],
            problems=problems,
            paths=[(*path, "criteria", index, "code") for index in range(len(criteria))],
        )
        for index, each in enumerate(criteria):
            if complete and not has_name(each.get("name")):
                problems.add((*path, "criteria", index, "name"), "cycle_name_required")
            if complete and each["weight"] == 0:
                problems.add((*path, "criteria", index, "weight"), "cycle_weight_zero")
        if criteria:
            check_weights(
                [each["weight"] for each in criteria],
                problems=problems,
                path=(*path, "criteria"),
                complete=complete,
            )
        evidence = component.get("evidence", [])
        check_duplicates(
            [each["kpi"] for each in evidence],
            problems=problems,
            paths=[(*path, "evidence", index, "kpi") for index in range(len(evidence))],
        )
        for index, each in enumerate(evidence):
            reference = kpis.get(each["kpi"])
            if reference is None:
                problems.add((*path, "evidence", index, "kpi"), "cycle_kpi_unknown", name=each["kpi"][:60])
            elif reference.is_qualitative:
                problems.add((*path, "evidence", index, "kpi"), "cycle_kpi_is_qualitative", name=each["kpi"])

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        frozen = completed_pairs(component)
        frozen["evidence"] = [
            {
                "kpi": each["kpi"],
                "weight": 0,
                "target": kpis[each["kpi"]].target,
                "version": frozen_version(kpis[each["kpi"]]),
            }
            for each in frozen["evidence"]
        ]
        return frozen

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        raise TypeError("paired comparison needs everyone at once: compare()")

    def compare(self, component: Component, inputs: RelativeInputs) -> ComponentAnswer:
        """Points of each criterion are 100 x the share of comparisons with the others of the cohort that the person
        would be expected to win; the score is their mean by weight.

        Answers of several raters about one cohort count alike; "no difference" is half a win for either.
        Missing rule: nobody compared the person (missing), no cohort (no_cohort), fewer than `minimum_cohort` compared
        people (small_cohort), or people who were never compared with one another, not even over others (disconnected):
        no points, and the other criteria share the weight. Without any points there is no score.
        """
        people = inputs.employee_ids
        keys = pair_cohorts(component, inputs.people)
        given = inputs.comparisons
        given = given[given["component"] == component["code"]]
        criteria = criteria_of(component)
        frames: list[pd.DataFrame] = []
        points, errors = (np.full((len(people), len(criteria)), np.nan) for _each in range(2))
        number = np.zeros((len(people), len(criteria)), dtype=np.int64)
        for index, criterion in enumerate(criteria):
            judged = _judged(
                component, people, keys, given[given["criterion"] == criterion_code(component, criterion)]
            )
            points[:, index] = stored(100.0 * judged["value"].to_numpy(dtype=np.float64))
            errors[:, index] = stored(100.0 * judged["error"].to_numpy(dtype=np.float64))
            number[:, index] = judged["n"].to_numpy(dtype=np.int64)
            frames += _lines(component, people, criterion, judged, points[:, index], errors[:, index])
        for place, frame in enumerate(frames, start=1):
            frame["number"] = place
        counted = ~np.isnan(points)
        return ComponentAnswer(
            **score_of(component, points, errors),
            n=np.where(counted, number, 0).max(axis=1, initial=0).astype(np.int64),
            lines=pd.concat(frames, ignore_index=True)[list(LINE_COLUMNS)],
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """Points from the expected share of wins, which is an average over the others; the score from the points."""
        by_subject = {line["subject"]: line for line in lines}
        criteria = criteria_of(component)
        points, errors = (np.full((1, len(criteria)), np.nan) for _each in range(2))
        for index, criterion in enumerate(criteria):
            line = by_subject[criterion["code"]]
            points[0, index] = stored([100.0 * or_nan(line["value"])])[0]
            errors[0, index] = or_nan(line["standard_error"])
        heads = {criterion["code"]: index for index, criterion in enumerate(criteria)}
        answers = []
        for line in lines:
            head = heads.get(line["subject"])
            answers.append(
                {
                    "subject": line["subject"],
                    "value": line["value"],
                    "attainment": None,
                    "points": None if head is None else or_none(points[0, head]),
                    "standard_error": line["standard_error"],
                    "rule": line["rule"],
                }
            )
        found = score_of(component, points, errors)
        return {
            "score": or_none(found["score"][0]),
            "standard_error": or_none(found["standard_error"][0]),
            "lines": answers,
        }


def completed_pairs(component: Mapping[str, Any]) -> Component:
    """With the defaults written out."""
    return {**PairedMethod().blank(), **component}


def is_paired(component: Mapping[str, Any] | None) -> bool:
    return (component or {}).get("method") == PairedMethod.code


def compares_widely(component: Mapping[str, Any]) -> bool:
    """Whether people are compared beyond those of one rater."""
    return is_paired(component) and completed_pairs(component)["cohort"] != RATER


def criteria_of(component: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The criteria, or one of code WHOLE that stands for the person as a whole."""
    return list(component.get("criteria") or [{"code": WHOLE, "weight": 100}])


def criterion_code(component: Mapping[str, Any], criterion: Mapping[str, Any]) -> str:
    """As answers name it: empty where the component has no criteria."""
    return str(criterion["code"]) if component.get("criteria") else ""


def pair_cohorts(component: Mapping[str, Any], people: pd.DataFrame) -> list[str]:
    """The cohort of each person; "" for none. people as for cohort_labels, with rater_id for cohorts of a rater."""
    if component["cohort"] != RATER:
        return cohort_labels(component["cohort"], people)
    return ["" if pd.isna(rater) else f"{RATER}:{int(rater)}" for rater in people["rater_id"]]


def score_of(component: Component, points: Floats, errors: Floats) -> dict[str, Floats]:
    """score and standard_error, as stored; criteria without points leave their weight to the others."""
    weights = np.array([float(each["weight"]) for each in criteria_of(component)])
    shares = np.where(np.isnan(points), 0.0, weights[None, :])
    return {
        "score": stored(weighted_mean(np.ascontiguousarray(points), weights)),
        "standard_error": stored(
            combined_standard_error(np.where(shares > 0, errors, 0.0), np.ascontiguousarray(shares))
        ),
    }


Answer = tuple[int, int, int]


@dataclass(frozen=True)
class PairOrder:
    """What answers say of one group of people by one criterion.

    people    ids, ascending; strengths, asked and next are by place in this list
    parts     groups who were compared with one another, as people's ids; one group is an order of all
    """

    people: list[int]
    found: Strengths
    asked: set[tuple[int, int]]
    parts: list[list[int]]

    @property
    def certainty(self) -> float:
        """Of the whole order, 0 to 1."""
        return order_certainty(self.found)

    @property
    def is_connected(self) -> bool:
        return len(self.parts) == 1

    @property
    def is_exhausted(self) -> bool:
        return len(self.asked) >= len(self.people) * (len(self.people) - 1) // 2

    def next_pair(self) -> tuple[int, int] | None:
        """Ids of the two whose comparison would tell most; None when all pairs were asked."""
        chosen = most_telling(self.found, self.asked, count=1)
        return (self.people[chosen[0][0]], self.people[chosen[0][1]]) if chosen else None


def order_of(people: Iterable[int], answers: Iterable[Answer]) -> PairOrder:
    """answers are (first id, second id, outcome) about these people; those about others are left out."""
    ids = sorted(people)
    place = {person: index for index, person in enumerate(ids)}
    own = [(place[a], place[b], outcome) for a, b, outcome in answers if a in place and b in place]
    pairs, weights = wins_of(own)
    return PairOrder(
        people=ids,
        found=strengths_of(pairs, prior=PRIOR, weights=weights, items=len(ids)),
        asked={(min(a, b), max(a, b)) for a, b, _outcome in own},
        parts=[[ids[index] for index in part] for part in parts(pairs, items=len(ids))],
    )


def wins_of(answers: Iterable[Answer]) -> tuple[list[tuple[int, int]], list[float]]:
    """(winner, loser) and its weight; "no difference" is half a win each way."""
    pairs: list[tuple[int, int]] = []
    weights: list[float] = []
    for first, second, outcome in answers:
        if outcome != SECOND:
            pairs.append((first, second))
            weights.append(1.0 if outcome == FIRST else 0.5)
        if outcome != FIRST:
            pairs.append((second, first))
            weights.append(1.0 if outcome == SECOND else 0.5)
    return pairs, weights


def pairs_expected(component: Mapping[str, Any], people: int) -> int:
    """About how many answers an order of so many people takes, over all criteria."""
    if people < SMALLEST_COHORT:
        return 0
    wanted = float(completed_pairs(component)["certainty"]) / 100
    return len(criteria_of(component)) * pairs_needed(people, wanted)


def _judged(component: Component, people: Any, keys: list[str], given: pd.DataFrame) -> pd.DataFrame:
    """One row per person: value (the expected share of wins), error, strength, strength_error, size, raters, n, won,
    even, lost, rule."""
    columns = ("value", "error", "strength", "strength_error")
    answer = pd.DataFrame(np.nan, index=pd.Index(people), columns=list(columns))
    for name in ("size", "raters", "n", "won", "even", "lost"):
        answer[name] = 0
    answer["rule"] = [MISSING if key else NO_COHORT for key in keys]
    key_of = pd.Series(keys, index=people)
    first, second = given["first_id"].map(key_of), given["second_id"].map(key_of)
    inside = given[(first == second) & first.notna() & (first != "")]
    for _key, group in inside.groupby(first[inside.index], sort=True):
        _judge_cohort(component, answer, group)
    return answer


def _judge_cohort(component: Component, answer: pd.DataFrame, group: pd.DataFrame) -> None:
    firsts, seconds, outcomes = (
        group[name].astype(int).tolist() for name in ("first_id", "second_id", "outcome")
    )
    rows: list[Answer] = list(zip(firsts, seconds, outcomes, strict=True))
    order = order_of({*firsts, *seconds}, rows)
    ids = order.people
    answer.loc[ids, "size"] = len(ids)
    answer.loc[ids, "raters"] = group["rater_id"].nunique()
    own = pd.Series(outcomes + [-outcome for outcome in outcomes], index=firsts + seconds)
    answer.loc[ids, "n"] = own.groupby(level=0).size().reindex(ids).to_numpy()
    for name, outcome in (("won", FIRST), ("even", EVEN), ("lost", SECOND)):
        answer.loc[ids, name] = (own == outcome).groupby(level=0).sum().reindex(ids).to_numpy()
    if not order.is_connected:
        answer.loc[ids, "rule"] = DISCONNECTED
        return
    if len(ids) < component["minimum_cohort"]:
        answer.loc[ids, "rule"] = SMALL_COHORT
        return
    # From the strengths as they are stored, so that whoever reads them all can compute the shares again.
    strengths = stored(order.found.strengths)
    share, error = expected_wins(Strengths(strengths, order.found.covariance))
    answer.loc[ids, "value"] = stored(share)
    answer.loc[ids, "error"] = error
    answer.loc[ids, "strength"] = strengths
    answer.loc[ids, "strength_error"] = stored(order.found.errors)
    answer.loc[ids, "rule"] = EXPECTED


def _lines(
    component: Component,
    people: Any,
    criterion: Mapping[str, Any],
    judged: pd.DataFrame,
    points: Floats,
    errors: Floats,
) -> list[pd.DataFrame]:
    """The head of a criterion; behind it strength, own answers by outcome, and of the others their number."""
    code = criterion["code"]
    head = _line(
        component,
        people,
        {
            "subject": code,
            "value": judged["value"].to_numpy(),
            "weight": float(criterion["weight"]),
            "points": points,
            "standard_error": errors,
            "n": judged["n"].to_numpy(),
            "rule": judged["rule"].to_numpy(),
        },
    )
    counted = ~np.isnan(points)
    rest = judged[counted]
    frames = [
        head,
        _line(
            component,
            people[counted],
            {
                "subject": f"{code}:strength",
                "value": rest["strength"].to_numpy(),
                "standard_error": rest["strength_error"].to_numpy(),
                "rule": SOURCE,
            },
        ),
    ]
    for name in ("won", "even", "lost", "size", "raters"):
        value = rest[name].to_numpy(dtype=np.float64)
        frames.append(
            _line(
                component,
                people[counted],
                {"subject": f"{code}:{name}", "value": value, "rule": SOURCE},
            )
        )
    return frames


def _line(component: Component, people: Any, line: dict[str, Any]) -> pd.DataFrame:
    blank = {"target": np.nan, "weight": 0.0, "attainment": np.nan, "points": np.nan, "n": 0}
    return pd.DataFrame(
        {
            "employee_id": people,
            "component": component["code"],
            "value": np.nan,
            "standard_error": np.nan,
            **blank,
            **line,
        }
    )
