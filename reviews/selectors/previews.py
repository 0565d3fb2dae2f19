"""What a preview has found: counts and spreads, no names."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from django.db.models import Count

from foundation.bulk import copy_out
from foundation.runs.models import Run
from foundation.runs.selectors import latest_run
from reviews.methods.scorecard import line_subject, share_of
from reviews.models import Cycle, Result

#: Fewer people than this are no distribution but a list of persons.
SMALLEST_GROUP = 5


def latest_preview(cycle: Cycle) -> Run | None:
    return latest_run("preview", f"cycle:{cycle.pk}", purpose=Run.Purpose.PREVIEW)


def preview_summary(run: Run, cycle: Cycle) -> dict[str, Any] | None:
    """None until the run is done. Four queries, whatever the number of people.

    Keys: first_day, last_day, is_stale (the configuration was changed since), people, scored, without_score,
    without_target, lowest, median, highest, ratings [{code, name, count}], edges and counts of the scores' histogram
    (empty below five people), kpis [{kpi, name, weight, counted, missing, below_minimum, no_target}].
    """
    if run.state != Run.State.DONE:
        return None
    configuration = run.parameters["configuration"]
    results = copy_out("SELECT score, rating FROM reviews_result WHERE run_id = %s", [str(run.pk)])
    scores = np.sort(results["score"].dropna().to_numpy(dtype=np.float64))
    rules = copy_out(
        """
        SELECT component, subject, rule, count(*) AS people FROM reviews_scoreline
        WHERE run_id = %s GROUP BY component, subject, rule
        """,
        [str(run.pk)],
    )
    found: dict[tuple[str, str, str], int] = {
        (component, subject, rule): int(count)
        for component, subject, rule, count in rules.itertuples(index=False, name=None)
    }
    lacking = copy_out(
        """
        SELECT count(DISTINCT employee_id) AS people FROM reviews_scoreline
        WHERE run_id = %s AND rule = 'no_target'
        """,
        [str(run.pk)],
    )
    ratings = dict(
        Result.objects.filter(run=run)
        .exclude(rating="")
        .values_list("rating")
        .annotate(count=Count("pk"))
        .order_by()
    )
    edges, counts = _histogram(scores)
    return {
        "first_day": datetime.date.fromisoformat(run.parameters["first_day"]),
        "last_day": datetime.date.fromisoformat(run.parameters["last_day"]),
        "is_stale": run.parameters["version"] != cycle.version,
        "people": len(results),
        "scored": len(scores),
        "without_score": len(results) - len(scores),
        "without_target": int(lacking["people"].iloc[0]),
        "lowest": float(scores[0]) if len(scores) else None,
        "median": float(np.median(scores)) if len(scores) else None,
        "highest": float(scores[-1]) if len(scores) else None,
        "ratings": [
            {"code": band["code"], "name": band.get("name", {}), "count": ratings.get(band["code"], 0)}
            for band in configuration["rating_bands"]
        ],
        "edges": edges,
        "counts": counts,
        "kpis": [
            {
                "component": component["code"],
                "kpi": item["kpi"],
                "name": item["version"]["name"],
                "weight": component["weight"] * share_of(component, item) / 100,
                "counted": sum(
                    found.get((component["code"], line_subject(component, item["kpi"]), rule), 0)
                    for rule in ("attainment", "bands")
                ),
                **{
                    rule: found.get((component["code"], line_subject(component, item["kpi"]), rule), 0)
                    for rule in ("missing", "below_minimum", "no_target")
                },
            }
            for component in configuration["components"]
            for item in component.get("kpis", [])
        ],
    }


def _histogram(scores: Any) -> tuple[list[float], list[int]]:
    """Bars of 5 points; of more than 24 bars, of 10 and so on."""
    if len(scores) < SMALLEST_GROUP:
        return [], []
    width = 5.0
    while (scores[-1] - scores[0]) / width > 24:
        width *= 2
    first = np.floor(scores[0] / width) * width
    edges = np.arange(first, scores[-1] + width * 1.0001, width)
    counts, _edges = np.histogram(scores, bins=edges)
    return [float(edge) for edge in edges], [int(count) for count in counts]
