"""What the documents show works: the YAML of docs/configuration.md loads, the calls of docs/api.md are the chain."""

from __future__ import annotations

import datetime
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from foundation.runs import services as runs
from operations.services.configuration import SECTIONS, dump_configuration, load_configuration
from people.models import User
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.journeys.test_rest_chain import InProcess
from tests.metrics.calls import calls_xlsx, make_calls

DOCS = Path(settings.BASE_DIR) / "docs"

ROSTER = """\
employee_number,name,login,job_code,team_code,hired_on,leads_team_code,aliases
P000,Lead Of Phones,phones.lead,phone-lead,phones,2020-01-01,phones,
P001,Becky,becky,phone-agent,phones,2020-01-01,,Becky
"""
PAY = "employee_number,from_day,salary,currency\nP001,2020-01-01,5500.00,CNY\n"


def blocks(name: str, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / name).read_text(encoding="utf-8"), re.M | re.S)
    assert found, f"docs/{name} has no {language} any more"
    return found


def example() -> str:
    return "\n".join(blocks("configuration.md", "yaml"))


@pytest.fixture
def hr(db: None) -> User:
    user = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=user, role="hr")
    return user


def test_the_example_of_the_configuration_loads_and_comes_back_alike(hr: User) -> None:
    loaded = load_configuration(actor=hr, content=example())
    assert [str(problem) for problem in loaded.problems] == []
    # A budget names a manager by employee number, and nobody works here yet.
    assert set(SECTIONS) - set(loaded.counts) == {"spot_budgets"}, "every section has its example"
    dumped = dump_configuration(actor=hr)
    again = load_configuration(actor=hr, content=dumped)
    assert [str(problem) for problem in again.problems] == []
    assert dump_configuration(actor=hr) == dumped


def test_the_errors_that_the_document_shows(hr: User) -> None:
    wrong = example().replace("sum(resolved) /", "sum(resolvd) /").replace("weight: 50\n", "weight: 40\n")
    shown = set(
        re.findall(r"^    (\S+\[\d+\].*)$", (DOCS / "configuration.md").read_text(encoding="utf-8"), re.M)
    )
    assert len(shown) == 2
    assert shown <= {str(problem) for problem in load_configuration(actor=hr, content=wrong).problems}


class Shell:
    """Reads the calls of docs/api.md as curl would and makes them in process."""

    FILES = {
        "phones.yaml": lambda: example().encode(),
        "roster.csv": lambda: ROSTER.encode(),
        "pay.csv": lambda: PAY.encode(),
        "calls.xlsx": lambda: calls_xlsx(make_calls(["Becky"], count=120, first=datetime.date(2025, 10, 1))),
    }

    def __init__(self) -> None:
        self.caller = InProcess()
        self.known: dict[str, str] = {"LAUREL": ""}
        self.answers: list[tuple[str, Any]] = []

    def run(self, line: str) -> Any:
        line = re.sub(
            r"'\$(\w+)'|\$(\w+)", lambda found: self.known.get(found[1] or found[2], found[0]), line
        )
        words = iter(shlex.split(line, comments=True)[1:])
        role, method, headers, body, parts = next(words).removeprefix("$"), "", {}, None, {}
        file = None
        path = ""
        for word in words:
            match word:
                case "-X":
                    method = next(words)
                case "-H":
                    name, value = next(words).split(": ", 1)
                    headers[name.lower()] = value
                case "-d":
                    body = json.loads(next(words))
                case "--data-binary":
                    body = self.FILES[next(words).removeprefix("@")]()
                case "-F":
                    name, value = next(words).split("=", 1)
                    if value.startswith("@"):
                        file = (value[1:], self.FILES[value[1:]]())
                    else:
                        parts[name] = value
                case _:
                    assert not path, f"two addresses in {line}"
                    path = word.removeprefix("/")
        answer = self.caller.call(
            role.lower(),
            method or ("POST" if body or file else "GET"),
            path,
            body=parts if file else body,
            file=file,
            content_type=headers.get(
                "content-type", "application/x-www-form-urlencoded" if body else "application/json"
            ),
            key=headers.get("idempotency-key", ""),
        )
        assert answer.status_code < 300, f"{line}: {answer.status_code} {answer.content!r}"
        return answer.json() if answer.content[:1] in (b"{", b"[") else answer.content

    def learn(self, path: str, answer: Any) -> None:
        """What a reader copies out of an answer into a variable."""
        if not isinstance(answer, dict):
            return
        if path.endswith("/imports/"):
            self.known["IMPORT"] = str(answer["id"])
        if path.endswith("/payout-runs/"):
            self.known["PAYOUT"] = str(answer["id"])
        if run := answer.get("run_id") or answer.get("run"):
            self.known["RUN"] = str(run)
        if answer.get("digest"):
            self.known["DIGEST"] = answer["digest"]
        if "/sheets/?" in path:
            self.known["SHEET"] = str(answer["results"][0]["id"])
        if "/results/?" in path:
            self.known["EMPLOYEE"] = str(answer["results"][0]["employee"]["id"])


def calls_of_the_document() -> Iterator[str]:
    for block in blocks("api.md", "sh"):
        yield from (line for line in block.splitlines() if line.startswith("call "))


def test_the_calls_of_the_document_are_the_whole_chain(hr: User) -> None:
    payroll = save_employee(actor=hr, name="Payroll", login="payroll")
    grant_role(actor=hr, user=payroll, role="payroll")
    shell = Shell()
    shell.caller.admit("hr", "hr")
    shell.caller.admit("payroll", "payroll")
    answers = []
    for line in calls_of_the_document():
        for role, login in (("lead", "phones.lead"), ("agent", "becky")):
            if role not in shell.caller.secrets and User.objects.filter(login=login).exists():
                shell.caller.admit(role, login)
        answer = shell.run(line)
        runs.drain_outbox()
        shell.learn(line.rstrip('"').split()[-1], answer)
        answers.append(answer)
    export, statements = answers[-2:]
    amount = statements["results"][0]["amount"]
    assert f"P001,Becky,,,{amount},CNY" in export.decode("utf-8-sig")
    assert float(amount) > 0
