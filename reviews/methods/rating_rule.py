"""How scores become ratings: by the bands' cut-offs, or by shares inside groups. Pure computation.

The groups that were formed, what became of the small ones, the places and the scores at the cuts are part of the
answer: they are stored with the run and shown, so that everybody's rating can be computed again from them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foundation.documents import Path, Problems
from reviews.methods.base import Floats, plain
from scoring.apportion import cut_scores, forced_distribution, merge_small, places
from scoring.ranking import rank
from scoring.ratings import cutoffs

CUTOFFS, DISTRIBUTION = "cutoffs", "distribution"
MERGE, EXEMPT = "merge", "exempt"
NEVER_SPLIT, SPLIT = "never_split", "split"
# What became of a group: shares of its own, counted with others, or rated by the cut-offs.
OWN, MERGED = "own", "merged"
SMALLEST_GROUP = 2
REST = "rest"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["by"],
    "additionalProperties": False,
    "properties": {
        "by": {"enum": [CUTOFFS, DISTRIBUTION]},
        "shares": {
            "type": "object",
            "maxProperties": 12,
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 100},
        },
        "cohort": {"type": "string"},
        "minimum_group": {"type": "integer", "minimum": SMALLEST_GROUP, "maximum": 10000},
        "small_group": {"enum": [MERGE, EXEMPT]},
        "ties": {"enum": [NEVER_SPLIT, SPLIT]},
    },
}
DEFAULTS: dict[str, Any] = {
    "by": DISTRIBUTION,
    "shares": {},
    "cohort": "cycle",
    "minimum_group": 10,
    "small_group": MERGE,
    "ties": NEVER_SPLIT,
}


def rule_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with its defaults; cycles from before there was a choice are rated by cut-offs."""
    rule = configuration.get("rating") or {"by": CUTOFFS}
    return {**DEFAULTS, **rule} if rule["by"] == DISTRIBUTION else {"by": CUTOFFS}


def completed_rule(rule: Mapping[str, Any] | None) -> dict[str, Any]:
    return rule_of({"rating": rule})


def check_rule(
    rule: Mapping[str, Any],
    bands: Sequence[Mapping[str, Any]],
    *,
    cohorts: Sequence[str],
    problems: Problems,
    path: Path,
    complete: bool,
) -> None:
    """Adds what the schema cannot say: shares name the bands and make 100, the groups exist."""
    if rule["by"] == CUTOFFS:
        for name in sorted(set(rule) - {"by"}):
            problems.add((*path, name), "rating_only_for_distribution")
        return
    if rule.get("cohort", "cycle") not in cohorts:
        problems.add((*path, "cohort"), "cycle_field_choice", allowed=", ".join(cohorts))
    codes = [band["code"] for band in bands]
    shares = rule.get("shares", {})
    for code in shares:
        if code not in codes:
            problems.add((*path, "shares", str(code)[:60]), "cycle_band_unknown", rating=str(code)[:20])
    total = share_total(shares)
    if total > 100 or (complete and total != 100):
        problems.add(
            (*path, "shares"), "rating_shares_not_100", total=plain(total), missing=plain(100 - total)
        )


def share_total(shares: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(str(share)) for share in shares.values()), start=Decimal(0))


# Ratings of everybody ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """One group as the cohort makes it, by the number that results carry.

    outcome   own: its shares are its own; merged: counted as part of group `into`; exempt: rated by the cut-offs
    size      people with a score in it
    counted   people with a score among whom the shares were applied (for merged ones those of `into`)
    bands     [{band, share, places, people, cut}] from best to worst, of groups whose shares were applied; cut is the
              score at the last place, None where no place has been filled so far
    """

    number: int
    key: str
    outcome: str
    into: int
    size: int
    counted: int
    bands: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Rated:
    """rating   code of the band, "" without a score
    group    number of the own group, -1 under cut-offs
    order    place among the people with the same score in the group, from 1; 0 where ties are not split"""

    rating: list[str]
    group: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    groups: list[Group]


def by_cutoffs(scores: Floats, bands: Sequence[Mapping[str, Any]]) -> list[str]:
    """The code of each person's band; "" without a score. The lowest band is open below."""
    if not bands:
        return [""] * len(scores)
    edges = [
        (float(band["from"]) if index else float("-inf"), band["code"]) for index, band in enumerate(bands)
    ]
    found = cutoffs(scores, edges)
    return ["" if np.isnan(score) else edges[index][1] for score, index in zip(scores, found, strict=True)]


def rate(
    scores: Floats,
    configuration: Mapping[str, Any],
    *,
    keys: Sequence[Any] = (),
    parents: Mapping[Any, Any] | None = None,
    seniority: Sequence[float] | Floats = (),
) -> Rated:
    """Everyone's rating by the cycle's rule.

    scores      shape (people,), as stored; nan for none
    keys        the group of each person; only read for a distribution
    parents     {group: the group above it}, into which small groups merge; without it, into one common rest
    seniority   who comes first among equals where ties may be split: the larger one, then the earlier in the list
    """
    bands = configuration["rating_bands"]
    rule = rule_of(configuration)
    people = len(scores)
    rating = by_cutoffs(scores, bands)
    group = np.full(people, -1, dtype=np.int64)
    order = np.zeros(people, dtype=np.int64)
    if rule["by"] == CUTOFFS or not people or not bands:
        return Rated(rating, group, order, [])
    members = {key: np.array(rows) for key, rows in _members(keys).items()}
    sizes = {key: int((~np.isnan(scores[rows])).sum()) for key, rows in members.items()}
    into = _merged(sizes, parents, rule)
    numbers = {key: number for number, key in enumerate(_in_order({*members, *into.values()} - {None}))}
    for key, rows in members.items():
        group[rows] = numbers[key]
    made: dict[Hashable, tuple[int, list[dict[str, Any]]]] = {}
    codes = [band["code"] for band in reversed(bands)]
    shares = [rule["shares"].get(code, 0) for code in codes]
    for target in {each for each in into.values() if each is not None}:
        rows = np.sort(np.concatenate([members[key] for key in into if into[key] == target]))
        if rule["ties"] == SPLIT:
            rows = rows[np.argsort(-np.asarray(seniority, dtype=np.float64)[rows], kind="stable")]
        found = forced_distribution(
            scores[rows],
            shares,
            minimum_group=rule["minimum_group"],
            split_ties=rule["ties"] == SPLIT,
        )
        for row, index in zip(rows, found, strict=True):
            rating[row] = codes[index] if index >= 0 else ""
        if rule["ties"] == SPLIT:
            order[rows] = _order_among_equals(scores[rows])
        made[target] = (int((found >= 0).sum()), _bands(scores[rows], found, codes, shares))
    groups = []
    for key, number in numbers.items():
        target = into.get(key, key)
        counted, shown = made.get(target, (0, [])) if target is not None else (0, [])
        outcome = EXEMPT if target is None else OWN if target == key else MERGED
        groups.append(
            Group(
                number=number,
                key=str(key),
                outcome=outcome,
                into=number if target is None else numbers[target],
                size=sizes.get(key, 0),
                counted=counted,
                bands=shown if outcome == OWN else [],
            )
        )
    return Rated(rating, group, order, groups)


def _members(keys: Sequence[Any]) -> dict[Hashable, Any]:
    """{key: rows}; those without a key (nobody knows their queue) are a group too."""
    found = pd.Series(list(keys), dtype=object)
    found = found.where(found.notna(), "")
    return dict(found.groupby(found).indices)


def _in_order(keys: set[Any]) -> list[Any]:
    return sorted(keys, key=lambda key: (isinstance(key, str), key if isinstance(key, str) else int(key)))


def _merged(
    sizes: Mapping[Any, int], parents: Mapping[Any, Any] | None, rule: Mapping[str, Any]
) -> dict[Any, Any]:
    minimum = rule["minimum_group"]
    if rule["small_group"] == EXEMPT:
        return {key: key if size >= minimum else None for key, size in sizes.items()}
    above = parents if parents is not None else {key: REST for key in sizes if len(sizes) > 1}
    return merge_small(sizes, above, minimum)


def _order_among_equals(scores: Floats) -> npt.NDArray[np.int64]:
    """1, 2, … among equal scores, in the order given; 0 without a score."""
    frame = pd.Series(scores)
    places_among = (frame.groupby(frame).cumcount() + 1).where(frame.notna(), 0)
    return np.asarray(places_among, dtype=np.int64)


def _bands(scores: Floats, found: Any, codes: list[str], shares: list[Any]) -> list[dict[str, Any]]:
    counts = places(shares, int((~np.isnan(scores)).sum()))
    cuts = cut_scores(scores, counts)
    ends = np.cumsum(counts)
    ranks = rank(scores)
    answer = []
    for index, code in enumerate(codes):
        cut = None if np.isnan(cuts[index]) else float(cuts[index])
        # How many of those exactly at the cut still found a place; read where ties are split.
        at_cut = 0 if cut is None else int(ends[index] - (np.nanmin(ranks[scores == cut]) - 1))
        answer.append(
            {
                "band": code,
                "share": shares[index],
                "places": counts[index],
                "people": int((found == index).sum()),
                "cut": cut,
                "at_cut": at_cut,
            }
        )
    return answer


# One person again -------------------------------------------------------------------------------------------------


def rating_again(score: float, configuration: Mapping[str, Any], standing: Mapping[str, Any] | None) -> str:
    """The rating of one person from the explanation alone: the group's cuts, and one's place among equals where ties
    may be split. `standing` is None, or exempt, where the cut-offs decide."""
    if np.isnan(score):
        return ""
    rule = rule_of(configuration)
    if rule["by"] == CUTOFFS or standing is None or standing["outcome"] == EXEMPT:
        return by_cutoffs(np.array([score]), configuration["rating_bands"])[0]
    for band in standing["bands"]:
        if band["cut"] is None:
            continue
        if score > band["cut"]:
            return str(band["band"])
        if score == band["cut"] and (rule["ties"] == NEVER_SPLIT or standing["order"] <= band["at_cut"]):
            return str(band["band"])
    return ""
