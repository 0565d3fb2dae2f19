"""Targets of a KPI line that depend on the person: frozen rows of the target table, resolved for many or for one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reviews.methods.base import Component, Floats, or_none
from scoring.targets import OWN, TargetRow, Targets, resolve

NO_TARGET = "no_target"
#: What is known of a person for the table; columns of `ComponentInputs.people` and keys of an explanation's line.
FACTS = ("job", "queue", "role_since", "role_until")


def has_targets(item: Mapping[str, Any]) -> bool:
    return bool(item.get("targets"))


def needs_people(configuration: Mapping[str, Any]) -> bool:
    """Whether any line of the frozen configuration has to know more of a person than its values."""
    return any(
        has_targets(item) for component in configuration["components"] for item in component.get("kpis", [])
    )


def names_queues(configuration: Mapping[str, Any]) -> bool:
    return any(
        row["queue"]
        for component in configuration["components"]
        for item in component.get("kpis", [])
        for row in (item.get("targets") or {}).get("rows", [])
    )


def frozen_targets(tables: Mapping[str, Any], own: float | None) -> Component:
    """{edition, first_day, last_day, own, rows}: all that a target is computed from but the person."""
    return {**tables, "own": own}


def resolved(item: Mapping[str, Any], people: pd.DataFrame) -> Targets:
    """The targets of people (columns FACTS) by a frozen line that has_targets."""
    told = item["targets"]
    return resolve(
        [TargetRow(**{**row, "ramp": tuple(row["ramp"])}) for row in told["rows"]],
        told["own"],
        jobs=people["job"].to_numpy(dtype=object),
        queues=people["queue"].to_numpy(dtype=object),
        since=_days(people["role_since"]),
        until=_days(people["role_until"]),
        first=datetime.date.fromisoformat(told["first_day"]),
        last=datetime.date.fromisoformat(told["last_day"]),
    )


def _days(column: pd.Series) -> npt.NDArray[np.datetime64]:
    return pd.to_datetime(column, errors="coerce").to_numpy().astype("datetime64[D]")


def person_targets(
    item: Mapping[str, Any], people: pd.DataFrame | None, employee_ids: npt.NDArray[np.int64]
) -> Floats:
    """The target of each person, nan for none: the line's one target for all, or the table's."""
    if not has_targets(item):
        target = item["target"]
        return np.full(len(employee_ids), np.nan if target is None else float(target))
    if people is None:
        raise ValueError("this configuration's targets depend on people: hand them to the method")
    known = people.set_index("employee_id").reindex(employee_ids)
    return resolved(item, known.fillna({"job": "", "queue": ""})).target


def target_of(item: Mapping[str, Any], facts: Mapping[str, Any] | None) -> float | None:
    """The target of one person, whose facts are those of FACTS with days as ISO texts or dates."""
    if not has_targets(item):
        return None if item["target"] is None else float(item["target"])
    return or_none(resolved(item, _one(facts)).target[0])


def target_parts(item: Mapping[str, Any], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How one person's target came about, a part per counted month: {month, row, base, share, tenure}.

    row counts from 1; 0 is the KPI's own target. tenure is completed months in the job, None where unknown. The target
    is the mean of base x share.
    """
    found = resolved(item, _one(facts))
    return [
        {
            "month": month,
            "row": int(found.row[0, column]) - OWN,
            "base": or_none(found.base[0, column]),
            "share": float(found.share[0, column]),
            "tenure": int(found.tenure[0, column]) if found.tenure[0, column] >= 0 else None,
        }
        for column, month in enumerate(found.months)
        if found.counted[0, column]
    ]


def _one(facts: Mapping[str, Any] | None) -> pd.DataFrame:
    told = facts or {}
    row = {name: told.get(name) for name in FACTS}
    return pd.DataFrame(
        [{**row, "job": row["job"] or "", "queue": row["queue"] or ""}], columns=list(FACTS), dtype=object
    )
