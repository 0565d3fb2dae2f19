"""From a call log to a paid bonus by REST alone: what an integration would send, in its order.

`Caller.call(role, method, path, ...)` hides who carries the request, so that the same chain runs in process in a
test and over the network against a running server.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

CONFIGURATION = """\
sites:
  - {{code: hall, name: {{zh: 一号职场, en: Hall One}}, time_zone: Asia/Shanghai}}
jobs:
  - {{code: phone-agent, name: {{zh: 电话客服, en: Phone agent}}}}
  - {{code: phone-lead, name: {{zh: 电话组长, en: Phone team leader}}}}
teams:
  - {{code: phones, name: {{zh: 电话组, en: Phones}}, site: hall}}
sources:
  - code: callog
    name: {{zh: 呼叫记录, en: Call log}}
    kind: records
    mapping: {mapping}
cycle_templates:
  - code: phones-review
    name: {{zh: 电话组考核, en: Phone review}}
    configuration:
      population: {{teams: [phones], jobs: [phone-agent], sites: [], minimum_days: 1}}
      components:
        - code: kpis
          method: kpi
          name: {{zh: 关键指标, en: Key indicators}}
          weight: 80
          kpis:
            - {{kpi: satisfaction, weight: 40, scoring: attainment, target: 3.4, floor: 0, cap: 1.2}}
            - {{kpi: resolution_rate, weight: 40, scoring: attainment, target: 90, floor: 0, cap: 1.2}}
            - {{kpi: response_time, weight: 20, scoring: attainment, target: 68, floor: 0, cap: 1.2}}
        - code: conduct
          method: rating_scale
          name: {{zh: 服务行为, en: Conduct}}
          weight: 20
          levels:
            - {{value: 1, points: 40, name: {{zh: 不足, en: Below}}}}
            - {{value: 2, points: 80, name: {{zh: 合格, en: Meets}}}}
            - {{value: 3, points: 100, name: {{zh: 优秀, en: Above}}}}
          items:
            - code: courtesy
              weight: 100
              name: {{zh: 礼貌, en: Courtesy}}
              descriptions:
                "1": {{zh: 常打断客户, en: Often interrupts the customer}}
                "2": {{zh: 按规范服务, en: Serves as the standard says}}
                "3": {{zh: 常被客户表扬, en: Is often praised by customers}}
          comment_required_at: []
      missing_component: renormalise
      cohort: cycle
      show_rank: true
      rating_bands:
        - {{code: C, from: 0, name: {{zh: 待改进, en: Needs improvement}}}}
        - {{code: B, from: 90, name: {{zh: 合格, en: Meets standard}}}}
        - {{code: A, from: 100, name: {{zh: 优秀, en: Excellent}}}}
incentive_plans:
  - code: phones-bonus
    name: {{zh: 电话组奖金, en: Phone bonus}}
    currency: CNY
    versions:
      - valid_from: 2020-01-01
        steps:
          - {{kind: target_bonus, basis: salary_share, share: "0.10"}}
          - {{kind: curve, input: score, threshold: "70", at_threshold: "0", accelerator: "2", cap: "2.0"}}
          - {{kind: proration, by: days_in_role}}
          - {{kind: rounding, quantum: "0.01", mode: half_up}}
"""


class Answer(Protocol):
    status_code: int
    content: bytes

    def json(self) -> Any: ...


class Caller(Protocol):
    def call(
        self,
        role: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        content_type: str = "application/json",
        key: str = "",
    ) -> Answer: ...


@dataclass
class Chain:
    """agents: names as the call log writes them. wait(run_id) returns once the run is over."""

    caller: Caller
    wait: Callable[[str], None]
    agents: list[str]
    first_day: datetime.date
    last_day: datetime.date
    log: tuple[str, bytes]
    mapping: dict[str, Any]
    catalogue: str
    seen: dict[str, Any] = field(default_factory=dict)

    def ask(self, role: str, method: str, path: str, expect: int, **what: Any) -> Any:
        answer = self.caller.call(role, method, path, **what)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.content[:800]!r}"
        return answer.json() if answer.content[:1] in (b"{", b"[") else answer.content

    def configure(self) -> None:
        document = self.catalogue + "\n" + CONFIGURATION.format(mapping=json.dumps(self.mapping))
        loaded = self.ask(
            "hr", "PUT", "configuration/", 200, body=document.encode(), content_type="application/yaml"
        )
        assert loaded["stored"] is True

    def bring(self, kind: str, name: str, content: bytes, source: str = "") -> dict[str, Any]:
        created = self.ask(
            "hr",
            "POST",
            "imports/",
            201,
            body={"kind": kind, "source": source},
            file=(name, content),
            key=f"bring-{name}",
        )
        checked = self.ask("hr", "POST", f"imports/{created['id']}/check/", 200)
        assert checked["rows_rejected"] == 0, self.ask("hr", "GET", f"imports/{created['id']}/rejects/", 200)
        applied = self.ask("hr", "POST", f"imports/{created['id']}/apply/", 200)
        self.wait(applied["run_id"])
        return dict(self.ask("hr", "GET", f"imports/{created['id']}/", 200))

    def staff(self, leader_login: str, first_login: str) -> None:
        header = "employee_number,name,login,job_code,team_code,hired_on,leads_team_code,aliases\n"
        rows = [f"P000,Lead Of Phones,{leader_login},phone-lead,phones,2020-01-01,phones,"]
        for number, agent in enumerate(self.agents, start=1):
            login = first_login if number == 1 else ""
            rows.append(f"P{number:03d},{agent},{login},phone-agent,phones,2020-01-01,,{agent}")
        assert self.bring("roster", "roster.csv", (header + "\n".join(rows)).encode())["state"] == "applied"
        pay = "employee_number,from_day,salary,currency\n" + "\n".join(
            f"P{number:03d},2020-01-01,{5000 + 500 * number}.00,CNY"
            for number in range(1, len(self.agents) + 1)
        )
        assert self.bring("compensation", "pay.csv", pay.encode())["state"] == "applied"

    def measure(self) -> None:
        record = self.bring("records", self.log[0], self.log[1], source="callog")
        assert record["state"] == "applied"
        self.seen["rows"] = record["rows_accepted"]

    def review(self) -> None:
        code = "phones-cycle"
        self.ask(
            "hr",
            "POST",
            "cycles/",
            201,
            body={
                "code": code,
                "name_en": "Phones",
                "name_zh": "电话组",
                "first_day": self.first_day.isoformat(),
                "last_day": self.last_day.isoformat(),
                "template": "phones-review",
            },
            key="cycle",
        )
        problems = self.ask("hr", "GET", f"cycles/{code}/problems/", 200)
        errors = [p for p in rows_of(problems) if p["severity"] == "error"]
        assert errors == [], errors
        launched = self.ask(
            "hr", "POST", f"cycles/{code}/launch/", 200, body={"to_phase": "rating"}, key="launch"
        )
        assert launched["fingerprint"]
        sheets = self.ask("manager", "GET", f"cycles/{code}/sheets/", 200)["results"]
        assert len(sheets) == len(self.agents)
        for sheet in sheets:
            self.ask(
                "manager",
                "PUT",
                f"sheets/{sheet['id']}/judgements/courtesy/",
                200,
                body={"version": 0, "level": "2"},
            )
            self.ask("manager", "POST", f"sheets/{sheet['id']}/submit/", 200)
        # Nothing is the employee's to see before the release.
        assert self.ask("agent", "GET", f"cycles/{code}/results/", 200)["results"] == []
        self.wait(self.ask("hr", "POST", f"cycles/{code}/score/", 202)["run"])
        self.ask("hr", "POST", f"cycles/{code}/release/", 200, body={})
        self.seen["results"] = self.ask("hr", "GET", f"cycles/{code}/results/?limit=100", 200)["results"]
        own = self.ask("agent", "GET", f"cycles/{code}/results/", 200)["results"]
        assert len(own) == 1
        employee = own[0]["employee"]["id"]
        self.seen["explanation"] = self.ask("agent", "GET", f"cycles/{code}/results/{employee}/", 200)

    def pay(self) -> None:
        created = self.ask(
            "hr",
            "POST",
            "payout-runs/",
            201,
            body={"plan": "phones-bonus", "cycle": "phones-cycle"},
            key="pay",
        )
        self.wait(created["run"])
        path = f"payout-runs/{created['id']}/"
        computed = self.ask("hr", "GET", path, 200)
        assert computed["state"] == "computed"
        approval = {"digest": computed["digest"]}
        self.ask("hr", "POST", path + "approve/", 403, body=approval)  # the maker is not the checker
        approved = self.ask("payroll", "POST", path + "approve/", 200, body=approval)
        assert approved["state"] == "approved"
        self.seen["export"] = self.ask("payroll", "POST", path + "export/", 200, body={"format": "csv"})
        self.seen["lines"] = self.ask("payroll", "GET", path + "lines/?limit=100", 200)["results"]
        self.seen["payout"] = approved
        # Paid once: the same plan for the same cycle is refused from now on.
        self.ask(
            "hr",
            "POST",
            "payout-runs/",
            409,
            body={"plan": "phones-bonus", "cycle": "phones-cycle"},
            key="again",
        )
        statements = self.ask("agent", "GET", "statements/", 200)["results"]
        assert len(statements) == 1
        self.seen["statement"] = self.ask("agent", "GET", f"statements/{statements[0]['id']}/", 200)

    def total(self) -> Decimal:
        return sum((Decimal(line["amount"]) for line in self.seen["lines"]), Decimal(0))


def rows_of(answer: Any) -> list[Any]:
    return list(answer["results"] if isinstance(answer, dict) else answer)
