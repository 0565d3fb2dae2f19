"""A company of N agents with a month of daily totals, written straight into the tables.

    company ── centres (2,000 agents each) ── groups (200) ── teams (12 agents and a leader)

Twelve measures, twelve KPIs, 22 days: 264 daily totals an agent. Rows lie in the order in which files would
have brought them, one day after the other. Numbers come from a seed, so two loads of one size are equal.
"""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import psycopg2.extensions
import pyarrow as pa
from pyarrow import csv

FIRST_DAY, LAST_DAY = datetime.date(2025, 10, 1), datetime.date(2025, 10, 31)
DAYS = [FIRST_DAY + datetime.timedelta(days=offset) for offset in range(22)]
SINCE = "[2024-01-01,)"
TEAM_SIZE, GROUP_SIZE, CENTRE_SIZE = 12, 200, 2_000
SEED = 20251001

# code, unit, mean and spread of a single value, values a day
MEASURES = [
    ("satisfaction", "score", 4.2, 0.8, 12),
    ("resolved", "count", 0.85, 0.35, 30),
    ("answered", "count", 0.97, 0.15, 32),
    ("answer_seconds", "seconds", 21.0, 15.0, 31),
    ("complaints", "count", 0.02, 0.14, 32),
    ("inspection_score", "score", 88.0, 8.0, 2),
    ("talk_seconds", "seconds", 290.0, 120.0, 31),
    ("nps_points", "score", 0.35, 0.6, 9),
    ("quality_attitude", "score", 4.0, 0.7, 2),
    ("quality_knowledge", "score", 3.9, 0.8, 2),
    ("quality_skill", "score", 4.1, 0.7, 2),
    ("transfers", "count", 0.08, 0.27, 32),
]
# code, formula, unit, direction, target, weight
KPIS = [
    ("satisfaction", "mean(satisfaction)", "score", "higher", 4.2, 10),
    ("resolution", "sum(resolved) / sum(answered)", "percent", "higher", 85, 10),
    ("response", "mean(answer_seconds)", "seconds", "lower", 20, 10),
    ("complaint", "sum(complaints) / sum(answered)", "percent", "lower", 2, 8),
    ("inspection", "mean(inspection_score)", "score", "higher", 90, 8),
    ("handling", "mean(talk_seconds)", "seconds", "lower", 300, 8),
    ("loyalty", "100 * mean(nps_points)", "score", "higher", 30, 8),
    ("attitude", "mean(quality_attitude)", "score", "higher", 4, 8),
    ("knowledge", "mean(quality_knowledge)", "score", "higher", 4, 8),
    ("skill", "mean(quality_skill)", "score", "higher", 4, 8),
    ("volume", "sum(answered)", "count", "higher", 650, 7),
    ("transfer", "sum(transfers) / sum(answered)", "percent", "lower", 8, 7),
]
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平"


class Company(NamedTuple):
    """Ids that the measurements need; agents are first_agent .. first_agent + size - 1."""

    size: int
    first_agent: int
    teams: int
    measures: dict[str, int]

    @property
    def agents(self) -> range:
        return range(self.first_agent, self.first_agent + self.size)


def copy(connection: psycopg2.extensions.connection, table: str, frame: pd.DataFrame) -> None:
    """Frame into table, by its column names; the bench's own, so that a fault of the product's shows."""
    stream = io.BytesIO()
    csv.write_csv(
        pa.Table.from_pandas(frame, preserve_index=False), stream, csv.WriteOptions(include_header=False)
    )
    stream.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN WITH (FORMAT csv)", stream)


def build_company(connection: psycopg2.extensions.connection, size: int) -> Company:
    """Empty tables become the company, without its observations. Triggers and foreign keys are not asked."""
    from django.contrib.auth.hashers import make_password

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "INSERT INTO people_site (code, name_zh, name_en, time_zone)"
            " SELECT 'site-' || n, '职场' || n, 'Site ' || n, 'Asia/Shanghai' FROM generate_series(1, %s) AS n",
            [-(-size // CENTRE_SIZE)],
        )
        for code, name in (("agent", "客服"), ("leader", "班组长")):
            cursor.execute(
                "INSERT INTO people_job (code, name_zh, name_en, duties) VALUES (%s, %s, %s, '[]')",
                [code, name, code.title()],
            )
        cursor.execute("SELECT code, id FROM people_job")
        jobs = dict(cursor.fetchall())
    teams = _teams(size)
    copy(connection, "people_team", teams)
    leaders = len(teams)
    password = make_password("correct horse battery")
    # Three accounts without a number, then who leads a team, then the agents.
    accounts = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "login": ["hr", "payroll", "auditor"],
            "name": ["何珊", "Pat Roll", "Audrey Torres"],
        }
    )
    ids = np.arange(4, 4 + leaders + size)
    rng = np.random.default_rng(SEED)
    surname = rng.integers(0, len(SURNAMES), len(ids))
    given = rng.integers(0, len(GIVEN), (len(ids), 2))
    staff = pd.DataFrame(
        {
            "id": ids,
            "login": [f"e{number:07d}" for number in ids],
            "employee_number": [f"E{number:07d}" for number in ids],
            "name": [SURNAMES[s] + GIVEN[a] + GIVEN[b] for s, (a, b) in zip(surname, given, strict=True)],
        }
    )
    users = pd.concat([accounts, staff], ignore_index=True)
    users = users.assign(
        password=password,
        is_superuser=False,
        name_sort=[f"person {number * 7919 % 1_000_003:07d}" for number in users["id"]],
        aliases="[]",
        email="",
        locale="zh-hans",
        is_active=True,
        hired_on="2024-01-01",
        created_at="2024-01-01 00:00:00+00",
    )
    copy(connection, "people_user", users)
    agents = ids[leaders:]
    leaves = teams["id"].to_numpy()[-_leaf_count(size) :]
    members = pd.DataFrame(
        {
            "user_id": ids,
            "team_id": np.concatenate([teams["id"], leaves[np.arange(size) // TEAM_SIZE]]),
            "job_id": np.concatenate([np.full(leaders, jobs["leader"]), np.full(size, jobs["agent"])]),
            "valid": SINCE,
            "grade": "",
        }
    )
    copy(connection, "people_membership", members)
    copy(
        connection,
        "people_leadership",
        pd.DataFrame({"user_id": ids[:leaders], "team_id": teams["id"], "valid": SINCE}),
    )
    copy(
        connection,
        "people_compensation",
        pd.DataFrame(
            {
                "user_id": ids,
                "valid": SINCE,
                "salary": (5000 + ids % 40 * 100).astype(str),
                "currency": "CNY",
                "legal_entity": "Laurel Services",
                "cost_centre": "CC-100",
            }
        ),
    )
    with connection.cursor() as cursor:
        for user, role in ((1, "hr"), (2, "payroll"), (3, "auditor")):
            cursor.execute(
                "INSERT INTO people_rolegrant (user_id, role, created_at) VALUES (%s, %s, now())",
                [user, role],
            )
        for table in ("people_user", "people_team"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(
            "ANALYZE people_user, people_team, people_membership, people_leadership, people_compensation"
        )
    return Company(size, int(agents[0]), len(teams), _catalogue())


def _leaf_count(size: int) -> int:
    return -(-size // TEAM_SIZE)


def _teams(size: int) -> pd.DataFrame:
    """Company, centres, groups and teams, in this order of ids; every team has a leader."""
    centres, groups, leaves = -(-size // CENTRE_SIZE), -(-size // GROUP_SIZE), _leaf_count(size)
    rows: list[tuple[int, str, int | None, str, int | None]] = [(1, "company", None, "/1/", None)]
    for number in range(centres):
        rows.append((len(rows) + 1, f"centre-{number}", 1, f"/1/{len(rows) + 1}/", number + 1))
    for number in range(groups):
        above = rows[1 + min(number * GROUP_SIZE // CENTRE_SIZE, centres - 1)]
        rows.append((len(rows) + 1, f"group-{number}", above[0], f"{above[3]}{len(rows) + 1}/", None))
    for number in range(leaves):
        above = rows[1 + centres + min(number * TEAM_SIZE // GROUP_SIZE, groups - 1)]
        rows.append((len(rows) + 1, f"team-{number}", above[0], f"{above[3]}{len(rows) + 1}/", None))
    frame = pd.DataFrame(rows, columns=["id", "code", "parent_id", "path", "site_id"])
    frame = frame.astype({"parent_id": "Int64", "site_id": "Int64"})
    return frame.assign(name_zh=frame["code"], name_en=frame["code"], is_active=True)


def _catalogue() -> dict[str, int]:
    """Measures, KPIs and the source, by the product's services; {measure code: id}."""
    from metrics.models import Measure
    from metrics.services.kpis import KPITerms, create_kpi
    from metrics.services.sources import create_source
    from people.models import User

    hr = User.objects.get(login="hr")
    for code, unit, *_how in MEASURES:
        Measure.objects.create(code=code, name_zh=code, name_en=code, unit=unit)
    for code, formula, unit, direction, target, _weight in KPIS:
        create_kpi(
            actor=hr,
            code=code,
            name_zh=code,
            name_en=code,
            dimension="quality",
            perspective="customer",
            valid_from=datetime.date(2024, 1, 1),
            terms=KPITerms(
                formula=formula,
                unit=unit,
                direction=direction,
                target=Decimal(str(target)),
                denominator_zh="全部服务",
                denominator_en="all services",
            ),
        )
    create_source(actor=hr, code="totals", kind="totals", name_zh="日报", name_en="Day totals")
    return dict(Measure.objects.values_list("code", "pk"))


def day_totals(company: Company, day: int, agents: np.ndarray | None = None) -> pd.DataFrame:
    """subject_id, measure_id, n, total, total_sq of one day, one row an agent and measure, people in random order."""
    rng = np.random.default_rng([SEED, day])
    people = rng.permutation(np.asarray(company.agents)) if agents is None else agents
    parts = []
    for code, _unit, mean, spread, per_day in MEASURES:
        n = np.maximum(1, rng.poisson(per_day, len(people)))
        if per_day >= 30 and mean <= 1:  # shares of calls: totals are counts
            total = rng.binomial(n, mean).astype(np.float64)
            squares = total
        else:
            value = np.round(mean + spread * rng.standard_normal(len(people)) / np.sqrt(n), 2)
            total = np.round(value * n, 2)
            squares = np.round(n * (value**2 + spread**2), 4)
        parts.append(
            pd.DataFrame(
                {
                    "subject_id": people,
                    "measure_id": company.measures[code],
                    "n": n,
                    "total": total,
                    "total_sq": squares,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def load_observations(connection: psycopg2.extensions.connection, company: Company) -> int:
    """A batch a day, the index built once after the load; the number of rows."""
    from metrics.models import Source

    source = Source.objects.get(code="totals").pk
    rows = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT metrics_ensure_months(%s, %s)", [FIRST_DAY, LAST_DAY])
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'metrics_observation_of_subject'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX metrics_observation_of_subject")
        for number, day in enumerate(DAYS):
            cursor.execute(
                "INSERT INTO metrics_batch (source_id, name, content_digest, state, first_day, last_day, rows,"
                " measure_ids, created_at) VALUES (%s, %s, md5(%s), 'live', %s, %s, %s, %s, now()) RETURNING id",
                [
                    source,
                    f"{day}.csv",
                    f"{day}",
                    day,
                    day,
                    company.size * len(MEASURES),
                    list(company.measures.values()),
                ],
            )
            (batch,) = cursor.fetchone()
            frame = day_totals(company, number)
            copy(
                connection,
                "metrics_observation",
                frame.assign(subject_type="e", day=day, source_id=source, batch_id=batch),
            )
            rows += len(frame)
        cursor.execute(definition.replace(" ON ONLY ", " ON "))
        cursor.execute("ANALYZE metrics_observation")
    return rows


def cycle_configuration(**more: Any) -> dict[str, Any]:
    return {
        "population": {"teams": [], "jobs": ["agent"], "sites": [], "minimum_days": 1},
        "components": [
            {
                "code": "kpis",
                "method": "kpi",
                "name": {"zh": "指标", "en": "Indicators"},
                "weight": 100,
                "kpis": [
                    {
                        "kpi": code,
                        "weight": weight,
                        "scoring": "attainment",
                        "target": None,
                        "floor": 0,
                        "cap": 1.2,
                    }
                    for code, _formula, _unit, _direction, _target, weight in KPIS
                ],
            }
        ],
        "rating_bands": [
            {"code": "C", "from": 0, "name": {"zh": "待改进", "en": "Below standard"}},
            {"code": "B", "from": 85, "name": {"zh": "合格", "en": "Meets standard"}},
            {"code": "A", "from": 100, "name": {"zh": "优秀", "en": "Excellent"}},
        ],
        **more,
    }
