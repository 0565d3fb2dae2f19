"""The bare pipeline: what a script without durability, explanations or anybody's rights would do with the same rows.

GROUP BY and COPY out, pivot, score and rank in numpy, COPY in of twelve scores and one result a person, their indexes.
"""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pandas as pd
import psycopg2.extensions
from pyarrow import csv

from bench.company import FIRST_DAY, KPIS, LAST_DAY, Company, copy
from scoring.attainment import attainment
from scoring.ranking import rank

_TABLES = """
    DROP TABLE IF EXISTS bare_score, bare_result;
    CREATE TABLE bare_score (employee_id bigint NOT NULL, kpi smallint NOT NULL, value float8, points float8);
    CREATE TABLE bare_result (employee_id bigint NOT NULL, score float8, rank int, rating text);
"""


def score(
    connection: psycopg2.extensions.connection, company: Company
) -> tuple[dict[str, float], pd.DataFrame]:
    """Seconds by part, and the results (employee_id, score, rank) for comparison."""
    seconds: dict[str, float] = {}
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'; SET enable_partitionwise_aggregate = on")
        cursor.execute(_TABLES)
        stream = io.BytesIO()
        query = cursor.mogrify(
            "COPY (SELECT subject_id, measure_id, sum(n)::bigint, sum(total) FROM metrics_observation"
            " WHERE subject_type = 'e' AND day BETWEEN %s AND %s"
            " GROUP BY subject_id, measure_id) TO STDOUT (FORMAT csv)",
            [FIRST_DAY, LAST_DAY],
        )
        cursor.copy_expert(query.decode(), stream)
        cursor.execute("RESET work_mem; RESET enable_partitionwise_aggregate")
    seconds["group by, copy out"] = time.perf_counter() - began

    part = time.perf_counter()
    stream.seek(0)
    rows = csv.read_csv(stream, csv.ReadOptions(column_names=["subject", "measure", "n", "total"]))
    subject = rows["subject"].to_numpy()
    measure = rows["measure"].to_numpy()
    people, place = np.unique(subject, return_inverse=True)
    wide_n, wide_total = (
        np.full((len(people), max(company.measures.values()) + 1), np.nan) for _ in range(2)
    )
    wide_n[place, measure] = rows["n"].to_numpy()
    wide_total[place, measure] = rows["total"].to_numpy()
    total = {code: wide_total[:, pk] for code, pk in company.measures.items()}
    mean = {code: wide_total[:, pk] / wide_n[:, pk] for code, pk in company.measures.items()}
    values = np.column_stack(
        [
            mean["satisfaction"],
            100 * total["resolved"] / total["answered"],
            mean["answer_seconds"],
            100 * total["complaints"] / total["answered"],
            mean["inspection_score"],
            mean["talk_seconds"],
            100 * mean["nps_points"],
            mean["quality_attitude"],
            mean["quality_knowledge"],
            mean["quality_skill"],
            total["answered"],
            100 * total["transfers"] / total["answered"],
        ]
    ).round(6)
    points = np.column_stack(
        [
            100
            * attainment(values[:, index], float(target), direction=direction, floor=0.0, cap=1.2).round(6)
            for index, (_code, _formula, _unit, direction, target, _weight) in enumerate(KPIS)
        ]
    ).round(6)
    scores = (points @ np.array([kpi[5] for kpi in KPIS]) / 100).round(6)
    ranks = rank(scores).astype(np.int64)
    rating = np.array(["C", "B", "A"])[np.digitize(scores, [85, 100])]
    seconds["pivot, score, rank"] = time.perf_counter() - part

    part = time.perf_counter()
    copy(
        connection,
        "bare_score",
        pd.DataFrame(
            {
                "employee_id": np.repeat(people, len(KPIS)),
                "kpi": np.tile(np.arange(len(KPIS)), len(people)),
                "value": values.ravel(),
                "points": points.ravel(),
            }
        ),
    )
    results = pd.DataFrame({"employee_id": people, "score": scores, "rank": ranks, "rating": rating})
    copy(connection, "bare_result", results)
    seconds["copy in"] = time.perf_counter() - part

    part = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX ON bare_score (employee_id, kpi)")
        cursor.execute("CREATE UNIQUE INDEX ON bare_result (employee_id)")
    seconds["indexes"] = time.perf_counter() - part
    seconds["total"] = time.perf_counter() - began
    return seconds, results


def empty_observations(connection: psycopg2.extensions.connection) -> str:
    """An empty table with the columns, the partitions of one month and the indexes of metrics_observation."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_observation")
        cursor.execute(
            "CREATE TABLE bare_observation (LIKE metrics_observation INCLUDING CONSTRAINTS)"
            " PARTITION BY HASH (subject_id)"
        )
        for part in range(8):
            cursor.execute(
                f"CREATE TABLE bare_observation_h{part} PARTITION OF bare_observation"
                f" FOR VALUES WITH (MODULUS 8, REMAINDER {part})"
            )
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'metrics_observation' ORDER BY indexname"
        )
        for number, (definition,) in enumerate(cursor.fetchall()):
            columns = definition.split(" USING ")[1]
            cursor.execute(f"CREATE INDEX bare_observation_{number} ON bare_observation USING {columns}")
    return "bare_observation"


def copy_text(
    connection: psycopg2.extensions.connection, table: str, columns: list[str], text: io.BytesIO
) -> float:
    """Seconds of one COPY FROM of CSV text that lies ready in memory."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)", text)
    return time.perf_counter() - began


def settle(connection: psycopg2.extensions.connection) -> None:
    """Before each measurement: nobody is to pay for what others wrote. Tables vacuumed, dirty pages on disk."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def drop(connection: psycopg2.extensions.connection, *tables: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(tables)}")
