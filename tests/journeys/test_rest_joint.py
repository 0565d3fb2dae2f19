"""360, paired comparison, objectives and the team's scorecard, together with what the leaders judge, go from launch to
released results by REST alone, a customer's link included; every number is computed again."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import mail
from django.test import Client

from foundation.runs import services as runs
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.journeys.chain import rows_of
from tests.journeys.joint import (
    AGENTS,
    CHATS,
    CYCLE,
    MINIMUM,
    WEIGHTS,
    JointChain,
    card_points,
    conduct_points,
    goal_points,
    login_of,
)
from tests.journeys.mixed import FIRST, LAST, LEADERS, PHONES, RECORD, assert_recomputes
from tests.journeys.test_rest_chain import InProcess, expected_values
from tests.metrics.calls import MAPPING, Call, calls_csv, make_calls

LINK = re.compile(r"https?://[^/\s]+(/customer/\S+?)(?=[\s>\"]|$)")


def test_many_voices_from_launch_to_released_results_by_rest_alone(db: None) -> None:
    hr = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=hr, role="hr")
    caller = InProcess()
    caller.admit("hr", "hr")
    calls = make_calls(AGENTS, count=1_800, first=FIRST, days=31)
    chain = JointChain(
        caller=caller,
        wait=lambda run: runs.drain_outbox() and None,
        agents=AGENTS,
        first_day=FIRST,
        last_day=LAST,
        log=("calls.csv", calls_csv(calls)),
        mapping=MAPPING,
        catalogue=(Path(settings.BASE_DIR) / "metrics/catalogue/catalogue.yaml").read_text(encoding="utf-8"),
    )
    chain.configure()
    chain.staff()
    for login in [*LEADERS, *map(login_of, AGENTS)]:
        caller.admit(login, login)
    caller.admit("agent", "becky")
    chain.measure()
    chain.launch()
    chain.people()
    chain.agree()
    chain.nominate()
    chain.to_phase("rating")
    chain.judge()
    chain.note()
    chain.compare()
    analysis = chain.ask("hr", "GET", f"cycles/{CYCLE}/pairs/pairs/analysis/", 200)
    assert {cohort["submitted"] for cohort in rows_of(analysis)} == {1}
    chain.check_in()
    chain.answer_voices()
    customers_answer()
    chain.close_voices()
    found = chain.compute()
    assert chain.results("becky") == {}  # nothing is open before the release
    chain.to_phase("calibration")
    chain.ask("hr", "POST", f"cycles/{CYCLE}/release/", 200, body={})

    # Every number opens down to its inputs and is computed again, with and without the product's formulas.
    explanations = chain.explanations()
    assert sorted(explanations) == sorted(AGENTS)
    for name, explanation in explanations.items():
        assert_recomputes(explanation)
        by_hand(name, explanation, calls)
        assert found[name]["score"] == explanation["score"]
    # The better one in the leader's eyes has more points; nobody's place names another.
    shares = {name: score_of(explanations[name], "pairs") for name in AGENTS}
    for team in (PHONES, CHATS):
        assert sorted(team, key=lambda name: -shares[name]) == team
    # The agent reads the own result and nobody else's, and no word of who said what.
    own = chain.results("becky")
    assert list(own) == ["Becky"]
    ids = chain.seen["ids"]
    chain.ask("becky", "GET", f"cycles/{CYCLE}/results/{ids['Dan']}/", 404)
    card = chain.ask("becky", "GET", f"cycles/{CYCLE}/scorecards/card/{ids['Becky']}/", 200)
    assert card["component"]["card"]["code"] == "phones"
    report = chain.ask("becky", "GET", f"cycles/{CYCLE}/voices/voices/report/{ids['Becky']}/", 200)
    told = str(report)
    assert [name for name in [*AGENTS[1:], *LEADERS] if f"'{name}'" in told] == []


def customers_answer() -> None:
    """By the links of the mails, without an account: once, and never with a link that somebody made up."""
    runs.drain_outbox()
    links = {found.group(1) for letter in mail.outbox for found in LINK.finditer(str(letter.body))}
    assert len(links) == MINIMUM
    for place, link in enumerate(sorted(links)):
        client = Client()
        assert client.get(link).status_code == 200
        sent = {"level-helping": str(1 + place % 3), "level-clarity": "2", "text-strengths": ""}
        assert client.post(link, sent).status_code in (200, 302)
        assert client.post(link, sent).status_code >= 400
    assert Client().get("/customer/made-up/").status_code >= 400


def score_of(explanation: dict[str, Any], code: str) -> float:
    return float(next(each["score"] for each in explanation["components"] if each["code"] == code))


def by_hand(name: str, explanation: dict[str, Any], calls: list[Call]) -> None:
    team = PHONES if name in PHONES else CHATS
    merged = [Call(**{**vars(call), "agent": "team"}) for call in calls if call.agent in team]
    scores = {each["code"]: each["score"] for each in explanation["components"]}
    expected = {
        "card": card_points(expected_values(merged, "team")),
        "conduct": conduct_points(name),
        "record": RECORD[name],
        "goals": goal_points(name),
    }
    for code, score in expected.items():
        assert math.isclose(scores[code], score, abs_tol=1e-4), (name, code)
    whole = sum(WEIGHTS[code] * score for code, score in scores.items()) / 100
    assert math.isclose(explanation["score"], whole, abs_tol=1e-5), name
