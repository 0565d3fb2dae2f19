"""Behavioural record: points for dated good and bad incidents, fading with age and limited per day and behaviour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scoring.arrays import Floats, floats
from scoring.composite import stored
from scoring.errors import InvalidInput


def incident_points(
    points: Any,
    *,
    people: Any,
    days: Any,
    behaviours: Any,
    ages: Any,
    half_life: float | None = None,
    day_cap: float | None = None,
    behaviour_cap: float | None = None,
) -> Floats:
    """What each incident adds to or takes from its person's score.

    points         shape (incidents,), its strength in points: positive for good, negative for bad; 0 counts for nothing
    people         shape (incidents,), whose it is
    days           shape (incidents,), when; anything that can be compared for equality
    behaviours     shape (incidents,), against which expected behaviour
    ages           shape (incidents,), days from the incident to the end of the period, not negative
    half_life      days after which an incident counts half; None: it counts in full through the period
    day_cap        the most that one person's good (and, by itself, bad) incidents of one day count together
    behaviour_cap  the same for one behaviour over the whole period
    returns        float64, shape (incidents,), rounded to 6 decimals as they are stored

    Formula   p' = p · 2^(-age / half_life); then in the order given, of each person, day and sign, an incident counts
              min(|p'|, what the cap has left); then the same of each person, behaviour and sign.
    Missing   no incident, no row; nan is refused.
    Errors    InvalidInput for shapes that differ, negative ages, and limits that are not positive.
    Source    Flanagan, J. C. (1954). The critical incident technique. Psychological Bulletin 51; the fading and the
              limits are this product's own rule.
    """
    given = floats(points, "points", ndim=1)
    age = floats(ages, "ages", ndim=1)
    keys = {"people": people, "days": days, "behaviours": behaviours}
    for name, values in (("ages", age), *keys.items()):
        if len(values) != len(given):
            raise InvalidInput("shape", name=name, found=str(len(values)), expected=str(len(given)))
    if np.isnan(given).any() or np.isnan(age).any():
        raise InvalidInput("not_a_number", name="points")
    if (age < 0).any():
        raise InvalidInput("negative", name="ages")
    for name, limit in (("half_life", half_life), ("day_cap", day_cap), ("behaviour_cap", behaviour_cap)):
        if limit is not None and not limit > 0:
            raise InvalidInput("out_of_range", name=name, found=limit, low="0", high="any")
    left = given if half_life is None else given * np.exp2(-age / float(half_life))
    if day_cap is not None:
        left = _within(left, [people, days], float(day_cap))
    if behaviour_cap is not None:
        left = _within(left, [people, behaviours], float(behaviour_cap))
    return stored(left)


def _within(points: Floats, keys: list[Any], cap: float) -> Floats:
    """Good and bad each use up a cap of their own, in order: what is left of it is the most for the next one."""
    sign = np.sign(points)
    frame = pd.DataFrame({"size": np.abs(points), "sign": sign})
    names = [f"key{place}" for place in range(len(keys))]
    for name, key in zip(names, keys, strict=True):
        frame[name] = np.asarray(key)
    used = frame.groupby([*names, "sign"], sort=False)["size"].cumsum().to_numpy(dtype=np.float64)
    room = np.maximum(cap - (used - np.abs(points)), 0.0)
    return np.asarray(sign * np.minimum(np.abs(points), room), dtype=np.float64)


def behaviour_scores(
    points: Any,
    place: npt.NDArray[np.int64],
    people: int,
    *,
    start: float,
    floor: float = 0.0,
    cap: float = 100.0,
    without_incident: str = "start",
) -> Floats:
    """The score of each person from what the incidents count.

    points            shape (incidents,), as incident_points gives them
    place             shape (incidents,), the index of each incident's person, 0 to people - 1
    start             what everyone begins with
    without_incident  "start": who has no incident keeps the start; "missing": has no score (nan)
    returns           float64, shape (people,)

    Formula   min(cap, max(floor, start + sum(points)))
    Errors    InvalidInput for a floor above the cap and an unknown choice.
    """
    if floor > cap:
        raise InvalidInput("floor_above_cap", floor=floor, cap=cap)
    if without_incident not in ("start", "missing"):
        raise InvalidInput(
            "choice", name="without_incident", found=without_incident, allowed="start, missing"
        )
    values = floats(points, "points", ndim=1)
    # bincount adds in the order given, for one person as for all, so that a recomputation agrees to the last digit.
    total = np.bincount(place, weights=values, minlength=people)
    score = stored(np.clip(start + total, floor, cap))
    if without_incident == "missing":
        score[np.bincount(place, minlength=people) == 0] = np.nan
    return score
