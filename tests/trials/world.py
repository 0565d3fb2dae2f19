"""A company of sixty agents, its cycle and its files; what a trial starts, and how its outcome is told in one hash."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from django.db import connection

from bench import company as companies
from foundation.intake import services as intake
from foundation.intake.models import Import
from foundation.runs.models import Run, Shard
from incentives.models import PayoutRun
from incentives.services.payout_runs import approve_payout, create_payout_run
from incentives.services.plans import create_plan
from metrics.models import Batch
from people.models import RoleGrant, User
from reviews.models import Cycle
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.phases import release_cycle
from reviews.services.scoring import start_scoring

SIZE = 60
PLAN = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"},
        {"kind": "proration"},
        {"kind": "rounding"},
    ],
}
CONDUCT = {
    "code": "conduct",
    "method": "rating_scale",
    "name": {"zh": "服务行为", "en": "Conduct"},
    "weight": 30,
    "levels": [{"value": value, "points": 20 * value, "name": {"en": str(value)}} for value in range(1, 6)],
    "items": [
        {
            "code": "courtesy",
            "weight": 100,
            "name": {"en": "Courtesy"},
            "descriptions": {str(level): {"en": f"Courtesy {level}"} for level in range(1, 6)},
        }
    ],
    "comment_required_at": [],
}

# What a run stores, without the keys that differ from run to run.
_SCORING = {
    "results": "employee_id, team_id, score, standard_error, rank, cohort_size, percentile, rating, state"
    " FROM reviews_result WHERE run_id = %s",
    "components": "employee_id, component, score, standard_error, n, weight"
    " FROM reviews_componentscore WHERE run_id = %s",
    "lines": "employee_id, component, number, subject, value, target, weight, attainment, points, n,"
    " standard_error, rule FROM reviews_scoreline WHERE run_id = %s",
    "values": "employee_id, kpi_version_id, value, standard_error, n, input_names, totals"
    " FROM metrics_kpivalue WHERE run_id = %s",
}
_PAYOUT = {
    "lines": "employee_id, employee_number, amount, standing, status, reason_code, score"
    " FROM incentives_payoutline WHERE payout_run_id = %s",
    "steps": "employee_id, number, kind, inputs, factor, amount"
    " FROM incentives_payoutstep WHERE payout_run_id = %s",
    "ledger": "employee_id, kind, amount, currency FROM incentives_ledgerentry WHERE payout_run_id = %s",
}
_IMPORT = {
    "observations": "subject_type, subject_id, measure_id, day, n, total, total_sq"
    " FROM metrics_observation WHERE batch_id = %s",
}


class World:
    """One of each: a cycle that can be scored any number of times, one that is released, and a file."""

    def __init__(self, loader: Any) -> None:
        self.company = companies.build_company(loader, SIZE)
        companies.load_observations(loader, self.company)
        self.hr = User.objects.get(login="hr")
        self.payroll = User.objects.get(login="payroll")
        self.second_payroll = User.objects.create_user("payroll2", name="Second")
        RoleGrant.objects.create(user=self.second_payroll, role="payroll")
        self.cycle = self._cycle("scored", conduct=True)
        self.paid = self._cycle("paid")
        self._plans = self._files = 0
        self._batch: int | None = None

    def _cycle(self, code: str, *, conduct: bool = False) -> Cycle:
        configuration = companies.cycle_configuration()
        if conduct:
            configuration["components"][0]["weight"] = 70
            configuration["components"].append(CONDUCT)
        cycle = create_cycle(
            actor=self.hr,
            code=code,
            first_day=companies.FIRST_DAY,
            last_day=companies.LAST_DAY,
            name_en=code,
            configuration=configuration,
        )
        return launch_cycle(actor=self.hr, cycle=cycle)

    def release_paid(self) -> None:
        """Once its scores are there."""
        self.paid.refresh_from_db()
        self.paid = release_cycle(actor=self.hr, cycle=self.paid)

    # Starting -------------------------------------------------------------------------------------------------

    def start(self, kind: str) -> Run:
        run = getattr(self, f"_start_{kind}")()
        assert isinstance(run, Run)
        return run

    def _start_scoring(self) -> Run:
        return start_scoring(actor=self.hr, cycle=Cycle.objects.get(pk=self.cycle.pk))

    def _start_payout(self) -> Run:
        self._plans += 1
        plan = create_plan(
            actor=self.hr,
            code=f"plan-{self._plans}",
            name_en="Plan",
            valid_from=companies.FIRST_DAY,
            configuration=PLAN,
        )
        found = create_payout_run(actor=self.hr, plan=plan, cycle=self.paid).run
        assert found
        return found

    def _start_import(self) -> Run:
        """The same rows each time, as a correction of the batch before; another period makes it another reading."""
        self._files += 1
        lines = ["Employee,Date,Measure,Value,Count"]
        lines += [
            f"E{agent:07d},2025-09-{day:02d},{code},{(agent * 7 + day * 3) % 40 + 1},{(agent + day) % 9 + 41}"
            for day in (1, 2, 3)
            for agent in self.company.agents
            for code in ("answered", "resolved")
        ]
        upload = intake.store_upload(
            actor=self.hr, file=io_file("\n".join(lines)), name=f"file-{self._files}.csv"
        )
        options = {"period_first": date(2025, 8, 1).replace(day=1 + self._files % 28).isoformat()}
        if self._batch is not None:
            options["replaces"] = str(self._batch)
        columns = {
            "employee": "Employee",
            "date": "Date",
            "measure": "Measure",
            "value": "Value",
            "count": "Count",
        }
        record = intake.create_import(
            actor=self.hr,
            kind="totals",
            upload=upload,
            source_code="totals",
            mapping={"columns": columns},
            options=options,
        )
        record = intake.check_import(actor=self.hr, import_record=record)
        assert record.rows_rejected == 0, record.rejects.first()
        record = intake.apply_import(actor=self.hr, import_record=record)
        assert record.run
        return record.run

    # The outcome ----------------------------------------------------------------------------------------------

    def outcome(self, kind: str, run: Run) -> str:
        """A hash for each kind of row that the run was to store; of a payout run after its approval. Fails where what
        is published is not exactly this run's."""
        return str(getattr(self, f"_outcome_{kind}")(run))

    def _outcome_scoring(self, run: Run) -> str:
        if run.scope == f"cycle:{self.cycle.pk}":
            assert Cycle.objects.get(pk=self.cycle.pk).published_run_id == run.pk, "another run is published"
        return _hash(_SCORING, str(run.pk), rows={"results": SIZE, "values": SIZE * len(companies.KPIS)})

    def _outcome_payout(self, run: Run) -> str:
        found = PayoutRun.objects.get(run=run)
        assert found.state == PayoutRun.State.COMPUTED, found.state
        approve_payout(actor=self.payroll, payout_run=found, seen_digest=found.content_digest)
        return _hash(
            _PAYOUT, found.pk, rows={"lines": SIZE, "ledger": SIZE, "steps": SIZE * len(PLAN["steps"])}
        )

    def _outcome_import(self, run: Run) -> str:
        record = Import.objects.get(run=run)
        assert record.state == Import.State.APPLIED, (record.state, record.message_code, record.summary)
        live = Batch.objects.filter(state=Batch.State.LIVE, first_day__month=9)
        assert live.count() == 1, "more than one batch counts"
        self._batch = live.get().pk
        assert live.get().import_record_id == record.pk
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT batch_id) FROM metrics_observation WHERE day < '2025-10-01'"
            )
            assert cursor.fetchone() == (1,), "rows of a replaced batch are left"
        return _hash(_IMPORT, self._batch)

    def attempts(self, run: Run) -> int:
        """The most that any shard of the run was tried."""
        return max(Shard.objects.filter(run=run).values_list("attempts", flat=True), default=0)


def _hash(queries: dict[str, str], key: Any, *, rows: dict[str, int] | None = None) -> str:
    parts = []
    with connection.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(
                "SELECT count(*), md5(coalesce(string_agg(row::text, E'\n' ORDER BY row::text), ''))"
                f" FROM (SELECT {query}) AS row",
                [key],
            )
            count, found = cursor.fetchone()
            expected = (rows or {}).get(name)
            assert expected is None or count == expected, f"{count} {name}, not {expected}"
            parts.append(f"{count} {name} {found}")
    return ", ".join(parts)


def io_file(text: str) -> Any:
    from django.core.files.base import ContentFile

    return ContentFile(io.BytesIO(text.encode()).getvalue())
