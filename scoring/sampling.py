"""Drawing a sample that anybody can draw again, and sharing it out evenly."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.arrays import Ints
from scoring.errors import InvalidInput


def draw_key(seed: int, identity: str) -> str:
    """The place of a unit in the draw: MD5 of "seed:identity" in hex. Nothing but the seed decides who comes first."""
    return hashlib.md5(f"{seed}:{identity}".encode(), usedforsecurity=False).hexdigest()


def stratified_draw(
    identities: Sequence[str],
    strata: Sequence[Hashable],
    *,
    per_stratum: int,
    seed: int,
    spread: Sequence[Hashable] | None = None,
) -> Ints:
    """Positions of the units drawn, at most `per_stratum` from each stratum, in the order of the draw.

    identities   what identifies a unit for ever, e.g. the record id: not its place in the list
    strata       one a unit: e.g. the agent
    spread       one a unit, e.g. its day: as long as a stratum has a day that was not drawn from, that day comes first
    returns      positions; within a stratum in the order in which they were drawn, strata by their first unit drawn

    Formula   every unit gets key = MD5(seed:identity). With spread, a unit's round is its place by key among the units
              of the same stratum and spread. Units are drawn by (round, key) until the stratum has per_stratum.
    Missing   a stratum with fewer units than per_stratum gives all it has; the caller says so.
    Errors    InvalidInput for unequal lengths, a repeated identity, per_stratum below 1.
    Source    Stratified simple random sampling without replacement, with permanent random numbers: Ohlsson,
              Coordination of samples using permanent random numbers (1995).
    """
    if len(strata) != len(identities) or (spread is not None and len(spread) != len(identities)):
        raise InvalidInput(
            "shape", name="strata", found=str(len(strata)), expected=f"{len(identities)} entries"
        )
    if per_stratum < 1:
        raise InvalidInput("out_of_range", name="per_stratum", found=per_stratum, low=1, high="∞")
    if len(set(identities)) < len(identities):
        twice = next(each for each in identities if list(identities).count(each) > 1)
        raise InvalidInput("choice", name="identities", found=str(twice), allowed="each once")
    keys = [draw_key(seed, identity) for identity in identities]
    by_key = sorted(range(len(keys)), key=keys.__getitem__)
    rounds: dict[int, int] = {}
    seen: dict[Hashable, int] = {}
    for place in by_key:
        group = (strata[place], spread[place]) if spread is not None else None
        rounds[place] = seen.get(group, 0) if spread is not None else 0
        seen[group] = rounds[place] + 1
    taken: dict[Hashable, int] = {}
    drawn: dict[Hashable, list[int]] = {}
    for place in sorted(range(len(keys)), key=lambda each: (rounds[each], keys[each])):
        stratum = strata[place]
        if taken.get(stratum, 0) < per_stratum:
            taken[stratum] = taken.get(stratum, 0) + 1
            drawn.setdefault(stratum, []).append(place)
    return np.array([place for places in drawn.values() for place in places], dtype=np.int64)


def share_out(eligible: Any, groups: Sequence[Hashable], *, load: Any = None) -> Ints:
    """Who gets each unit, evenly: index of a worker, -1 where nobody may.

    eligible   shape (units, workers), bool: who may have a unit
    groups     one a unit, e.g. the agent: a worker gets the calls of one agent only as often as evenness demands
    load       shape (workers,): how many units each has already; default none
    returns    shape (units,)

    Rule      units with the fewest eligible workers first, in their order; each goes to the eligible worker with the
              smallest load, among those to the one with the fewest units of the same group, then to the first
    """
    may = np.asarray(eligible, dtype=bool)
    if may.ndim != 2 or len(may) != len(groups):
        raise InvalidInput(
            "shape", name="eligible", found=str(may.shape), expected=f"({len(groups)}, workers)"
        )
    workers = may.shape[1]
    loads: npt.NDArray[np.int64] = (
        np.zeros(workers, dtype=np.int64) if load is None else np.array(load, dtype=np.int64)
    )
    given = np.full(len(groups), -1, dtype=np.int64)
    of_group: dict[Hashable, npt.NDArray[np.int64]] = {}
    for unit in np.argsort(may.sum(axis=1), kind="stable"):
        candidates = np.flatnonzero(may[unit])
        if not len(candidates):
            continue
        same = of_group.setdefault(groups[unit], np.zeros(workers, dtype=np.int64))
        chosen = min(candidates, key=lambda worker: (loads[worker], same[worker], worker))
        given[unit] = chosen
        loads[chosen] += 1
        same[chosen] += 1
    return given
