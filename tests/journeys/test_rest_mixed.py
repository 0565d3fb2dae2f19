"""A cycle that mixes KPIs, a rating scale, anchored items, a behavioural record and two rankings, rated by forced
distribution and calibrated, goes from its launch to released results by REST alone; every number is computed again."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from foundation.runs import services as runs
from people.services.employees import save_employee
from people.services.roles import grant_role
from tests.journeys.mixed import (
    AGENTS,
    CYCLE,
    FIRST,
    LAST,
    LEADERS,
    PHONES,
    MixedChain,
    assert_as_by_hand,
    assert_recomputes,
    ratings_by_hand,
)
from tests.journeys.test_rest_chain import InProcess, expected_values
from tests.metrics.calls import MAPPING, calls_csv, make_calls

RESULTS = f"cycles/{CYCLE}/results/"


@pytest.mark.django_db
def test_a_mixed_cycle_from_launch_to_released_results_by_rest_alone() -> None:
    hr = save_employee(actor=None, name="Hr", login="hr")
    grant_role(actor=None, user=hr, role="hr")
    caller = InProcess()
    caller.admit("hr", "hr")
    calls = make_calls(AGENTS, count=1_800, first=FIRST, days=31)
    chain = MixedChain(
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
    for login in LEADERS:
        caller.admit(login, login)
    caller.admit("agent", "becky")
    chain.measure()
    chain.launch()
    chain.note()
    chain.judge()

    # As computed: the ratings are the shares of Hall One and the cut-offs of Hall Two.
    found = chain.compute()
    ids = chain.seen["ids"]
    assert sorted(found) == sorted(AGENTS)
    scores = {name: each["score"] for name, each in found.items()}
    expected = ratings_by_hand(scores)
    assert {name: each["rating"] for name, each in found.items()} == expected
    assert chain.results("agent") == {}, "nothing is the employee's to see before the release"

    # Calibration: an idea is rewarded, one move proposed and accepted, another refused, a red line crossed.
    chain.ask("hr", "POST", f"cycles/{CYCLE}/phase/", 200, body={"to_phase": "calibration"})
    best_first = sorted(PHONES, key=lambda name: -scores[name])
    middle, weakest = best_first[2], best_first[-1]
    moved = f"cycles/{CYCLE}/proposals/"
    wish = {"employee": ids[middle], "rating": "A", "reason": "Carried the busiest week of the team"}
    chain.ask("lead.chats", "POST", moved, 403, body=wish)  # not one of theirs
    proposal = chain.ask("lead.phones", "POST", moved, 201, body=wish)
    decision = {"accept": True, "reason": "Agreed by the panel", "is_shared": True}
    chain.ask("lead.phones", "POST", f"{moved}{proposal['id']}/decide/", 403, body=decision)
    chain.ask("hr", "POST", f"{moved}{proposal['id']}/decide/", 200, body=decision)
    breach = {
        "employee": ids[best_first[0]],
        "red_line": "privacy",
        "reason": "Named a customer's address to a caller",
        "evidence": "Recording of 12 October",
    }
    chain.ask("hr", "POST", f"cycles/{CYCLE}/breaches/", 201, body=breach)
    idea = {"employee": ids["Cleo"], "item": "idea", "points": 2.5, "reason": "Refund guide in use"}
    chain.ask("hr", "POST", f"cycles/{CYCLE}/bonus/", 422, body={**idea, "points": 30})
    chain.ask("hr", "POST", f"cycles/{CYCLE}/bonus/", 201, body=idea)
    above = {"employee": ids[weakest], "rating": "Z", "reason": "No such band"}
    chain.ask("hr", "POST", f"cycles/{CYCLE}/moves/", 422, body=above)
    chain.ask("hr", "POST", f"cycles/{CYCLE}/release/", 409, body={})  # the results are older than the moves
    found = chain.compute()
    chain.ask("hr", "POST", f"cycles/{CYCLE}/release/", 200, body={})

    wanted = expected | {middle: "A", best_first[0]: "B"}
    scores["Cleo"] += 2.5
    wanted["Cleo"] = ratings_by_hand(scores)["Cleo"]
    assert {name: each["rating"] for name, each in found.items()} == wanted
    counts = chain.ask("hr", "GET", f"cycles/{CYCLE}/distribution/", 200)
    assert [sum(side.values()) for side in (counts["before"], counts["after"])] == [12, 12]
    assert counts["groups"] == {
        "own": {"groups": 1, "people": 8},
        "merged": {"groups": 0, "people": 0},
        "exempt": {"groups": 1, "people": 4},
    }

    # Every number opens down to its inputs and is computed again, with and without the product's formulas.
    explanations = chain.explanations()
    assert sorted(explanations) == sorted(AGENTS)
    for name, explanation in explanations.items():
        assert_recomputes(explanation)
        assert_as_by_hand(explanation, expected_values(calls, name), 2.5 if name == "Cleo" else 0.0)

    # The agent reads the own result with the reply to the incident, and nobody else's.
    own = chain.results("agent")
    assert list(own) == ["Becky"]
    explained = chain.ask("agent", "GET", f"{RESULTS}{ids['Becky']}/", 200)
    assert_recomputes(explained)
    assert explained["score"] == found["Becky"]["score"]
    chain.ask("agent", "GET", f"{RESULTS}{ids['Dan']}/", 404)
    assert not [name for name in AGENTS[1:] if f'"{name}"' in str(explained).replace("'", '"')]
