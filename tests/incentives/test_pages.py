"""The pages: who opens them, what they show, and that their forms do what the services do."""

from __future__ import annotations

import re
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from foundation.runs import services as runs
from incentives.models import IncentivePlan, LedgerEntry, PayoutDecision, PayoutRun, PlanVersion
from incentives.services import payout_runs
from people.models import User
from reviews.models import Cycle
from tests.cast import Cast
from tests.incentives.world import SEPTEMBER, approved, computed, crowd, plan_of, released_cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(cast: Cast) -> IncentivePlan:
    return plan_of(cast)


@pytest.fixture
def cycle(cast: Cast) -> Cycle:
    return released_cycle(
        cast, {cast.agent: 106.0, cast.peer: 85.0, cast.leaver: 100.0}, days={cast.leaver: 15}
    )


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="people.authentication.LoginBackend")
    return client


READERS = {"hr", "payroll", "auditor"}
PEOPLE = ("hr", "payroll", "auditor", "manager", "agent", "outsider")


@pytest.mark.parametrize("who", PEOPLE)
def test_who_opens_which_page(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str) -> None:
    payout_run = computed(cast, plan, cycle)
    pages = {
        reverse("incentives:plans"): READERS,
        reverse("incentives:plan", args=[plan.code]): READERS,
        reverse("incentives:plan_new"): {"hr"},
        reverse("incentives:plan_edit", args=[plan.code]): {"hr"},
        reverse("incentives:plan_details", args=[plan.code]): {"hr"},
        reverse("incentives:payout_runs"): READERS,
        reverse("incentives:payout_run", args=[payout_run.pk]): READERS,
        reverse("incentives:payout_line", args=[payout_run.pk, cast.agent.pk]): READERS,
        reverse("incentives:statement"): {"manager", "agent", "outsider"},
    }
    client = as_(getattr(cast, who))
    for url, allowed in pages.items():
        assert (url, client.get(url).status_code) == (url, 200 if who in allowed else 403)


def test_not_signed_in_goes_to_the_sign_in_page(client: Client) -> None:
    response = client.get(reverse("incentives:payout_runs"))
    assert response.status_code == 302
    assert reverse("people:sign_in") in response["Location"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_renders_in_both_languages(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, language: str
) -> None:
    User.objects.update(locale=language)
    waiting = computed(cast, plan, cycle)
    client = as_(cast.hr)
    urls = [
        reverse("incentives:plans"),
        reverse("incentives:plan", args=[plan.code]),
        reverse("incentives:plan_new"),
        reverse("incentives:plan_edit", args=[plan.code]),
        reverse("incentives:payout_runs"),
        reverse("incentives:payout_run", args=[waiting.pk]),
        reverse("incentives:payout_line", args=[waiting.pk, cast.leaver.pk]),
    ]
    for url in urls:
        response = client.get(url)
        assert response.status_code == 200
        page = response.content.decode().partition("<main")[2].partition("</main>")[0]
        assert "%(" not in page
        assert " style=" not in page
        assert "onclick" not in page


# Plans ----------------------------------------------------------------------------------------------------------------


def composer(**changes: Any) -> dict[str, Any]:
    found = {
        "code": "october",
        "name_zh": "十月奖",
        "name_en": "October bonus",
        "currency": "CNY",
        "valid_from": "2025-10-01",
        "minimum_days": "5",
        "steps-count": "3",
        "steps-0-kind": "target_bonus",
        "steps-0-basis": "salary_share",
        "steps-0-share": "12.5",
        "steps-1-kind": "curve",
        "steps-1-input": "score",
        "steps-1-threshold": "70",
        "steps-1-at_threshold": "50",
        "steps-1-accelerator": "2",
        "steps-1-cap": "1.5",
        "steps-2-kind": "rounding",
        "steps-2-quantum": "1",
        "steps-2-mode": "down",
        "action": "save",
    }
    return found | changes


def test_a_plan_is_composed_in_the_browser(cast: Cast) -> None:
    response = as_(cast.hr).post(reverse("incentives:plan_new"), composer())
    assert response.status_code == 302
    version = PlanVersion.objects.get(plan__code="october")
    assert version.configuration == {
        "eligibility": {"minimum_days": 5},
        "steps": [
            {"kind": "target_bonus", "basis": "salary_share", "share": "0.125"},
            {
                "kind": "curve",
                "input": "score",
                "threshold": "70",
                "at_threshold": "0.5",
                "accelerator": "2",
                "cap": "1.5",
            },
            {"kind": "rounding", "quantum": "1", "mode": "down"},
        ],
    }


def test_what_was_typed_stays_and_the_error_stands_beside_it(cast: Cast) -> None:
    response = as_(cast.hr).post(
        reverse("incentives:plan_new"), composer(**{"steps-1-cap": "lots", "name_en": "Kept"})
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="lots"' in page
    assert 'value="Kept"' in page
    assert "“lots” is not a number" in page
    assert not IncentivePlan.objects.exists()


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        pytest.param("up:1", ["curve", "target_bonus", "rounding"], id="up"),
        pytest.param("down:0", ["curve", "target_bonus", "rounding"], id="down"),
        pytest.param("remove:1", ["target_bonus", "rounding"], id="remove"),
        pytest.param("add", ["target_bonus", "curve", "gate", "rounding"], id="added before the rounding"),
        pytest.param("up:99", ["target_bonus", "curve", "rounding"], id="a step that is not there"),
        pytest.param("up:x", ["target_bonus", "curve", "rounding"], id="no number"),
        pytest.param("refresh", ["target_bonus", "curve", "rounding"], id="refresh"),
    ],
)
def test_buttons_rearrange_and_store_nothing(cast: Cast, action: str, kinds: list[str]) -> None:
    response = as_(cast.hr).post(
        reverse("incentives:plan_new"), composer(action=action, **{"new-kind": "gate", "name_en": "Kept"})
    )
    assert response.status_code == 200
    page = response.content.decode()
    assert re.findall(r'name="steps-\d+-kind" value="(\w+)"', page) == kinds
    assert 'value="Kept"' in page
    assert not IncentivePlan.objects.exists()


def test_preview_says_what_it_would_pay(cast: Cast) -> None:
    response = as_(cast.hr).post(
        reverse("incentives:plan_preview"), composer(sample_salary="10000", **{"steps-2-quantum": "0.01"})
    )
    page = response.content.decode()
    # 12.5 % of 10,000; at 85: half way between 50 % and 100 %
    assert "937.50" in page
    assert "1,250.00" in page
    assert "1,750.00" in page
    broken = as_(cast.hr).post(reverse("incentives:plan_preview"), composer(**{"steps-1-cap": ""}))
    assert broken.status_code == 200
    assert "Step 2:" in broken.content.decode()


def test_a_new_version_of_a_plan_and_a_stale_one(cast: Cast, plan: IncentivePlan) -> None:
    url = reverse("incentives:plan_edit", args=[plan.code])
    data = composer(seen_number="1", valid_from="2025-11-01")
    assert as_(cast.hr).post(url, data).status_code == 302
    assert plan.versions.count() == 2
    stale = as_(cast.hr).post(url, data | {"valid_from": "2025-12-01"})
    assert stale.status_code == 422
    assert "changed meanwhile" in stale.content.decode()
    assert plan.versions.count() == 2


# Payouts --------------------------------------------------------------------------------------------------------------


def test_from_ready_to_the_payroll_file(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    hr, payroll = as_(cast.hr), as_(cast.payroll)
    listed = hr.get(reverse("incentives:payout_runs")).content.decode()
    assert "Compute payout" in listed
    response = hr.post(reverse("incentives:payout_run_create"), {"plan": plan.code, "cycle": cycle.code})
    again = hr.post(reverse("incentives:payout_run_create"), {"plan": plan.code, "cycle": cycle.code})
    assert again["Location"] == response["Location"]
    payout_run = PayoutRun.objects.get()
    here = reverse("incentives:payout_run", args=[payout_run.pk])
    assert response["Location"] == here
    assert "Waiting for a free worker" in hr.get(here).content.decode()
    computed_page(payout_run)

    page = payroll.get(here).content.decode()
    assert "One line needs a decision" in page
    assert "Lines that still need a decision: 1." in page
    assert 'data-dialog-open="approve"' not in page
    decide = reverse("incentives:payout_decide", args=[payout_run.pk, cast.leaver.pk])
    assert hr.post(decide, {"decision": "pay", "reason": ""}).status_code == 422
    assert hr.post(decide, {"decision": "pay", "reason": "Contract"}).status_code == 302

    page = payroll.get(here).content.decode()
    assert 'data-dialog-open="approve"' in page
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest
    approve = reverse("incentives:payout_approve", args=[payout_run.pk])
    assert payroll.post(approve, {"digest": "0" * 64}).status_code == 409
    assert payroll.post(approve, {"digest": digest[1]}).status_code == 302
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.APPROVED
    assert payroll.post(approve, {"digest": digest[1]}).status_code == 302  # a double click
    assert LedgerEntry.objects.count() == 3

    file = payroll.post(
        reverse("incentives:payout_export", args=[payout_run.pk]), {"format": "csv", "columns": ""}
    )
    assert file["Content-Disposition"].endswith('.csv"')
    assert (
        file.content.decode("utf-8-sig")
        .splitlines()[1]
        .startswith("E0004,王伟,Laurel Services,CC-100,1344.00,CNY")
    )
    assert "repeat" not in payroll.get(here).content.decode()
    payroll.post(reverse("incentives:payout_export", args=[payout_run.pk]), {"format": "csv", "columns": ""})
    assert "repeat" in payroll.get(here).content.decode()


def computed_page(payout_run: PayoutRun) -> None:
    runs.execute(payout_run.run_id)
    payout_run.refresh_from_db()


def test_the_maker_sees_why_not_and_is_refused(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    hr = as_(cast.hr)
    page = hr.get(reverse("incentives:payout_run", args=[payout_run.pk])).content.decode()
    assert "You computed this run" in page
    assert "Can approve: Pat Roll" in page
    hr.post(reverse("incentives:payout_approve", args=[payout_run.pk]), {"digest": payout_run.content_digest})
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.COMPUTED
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("who", ["manager", "agent", "auditor", "outsider"])
@pytest.mark.parametrize(
    "action", ["payout_approve", "payout_reject", "payout_recompute", "payout_correct", "payout_export"]
)
def test_others_cannot_post(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str, action: str) -> None:
    payout_run = computed(cast, plan, cycle)
    response = as_(getattr(cast, who)).post(
        reverse(f"incentives:{action}", args=[payout_run.pk]),
        {"digest": payout_run.content_digest, "reason": "x", "format": "csv"},
    )
    assert response.status_code == 403
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.COMPUTED
    assert PayoutRun.objects.count() == 1
    assert not LedgerEntry.objects.exists()
    assert not PayoutDecision.objects.exists()


@pytest.mark.parametrize("pk", [0, 999, 10**18, 10**30])
def test_missing_rows_are_404(cast: Cast, plan: IncentivePlan, cycle: Cycle, pk: int) -> None:
    payout_run = computed(cast, plan, cycle)
    client = as_(cast.hr)
    assert client.get(f"/payouts/{pk}/").status_code == 404
    assert client.get(f"/payouts/{payout_run.pk}/lines/{pk}/").status_code == 404
    assert (
        client.post(
            f"/payouts/{payout_run.pk}/lines/{pk}/decide/", {"decision": "pay", "reason": "x"}
        ).status_code
        == 404
    )
    assert client.get(f"/statements/{pk}/").status_code == 404


def test_bad_cursor_is_400(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    for url in (reverse("incentives:payout_runs"), reverse("incentives:payout_run", args=[payout_run.pk])):
        assert as_(cast.hr).get(url, {"cursor": "bent"}).status_code == 400


def test_lines_are_filtered_and_searched(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    here = reverse("incentives:payout_run", args=[payout_run.pk])
    client = as_(cast.auditor)

    def names(**query: str) -> set[str]:
        return {line.employee_name for line in client.get(here, query).context["page"].items}

    assert names() == {"王伟", "Li Na", "周舟"}
    assert names(status="undecided") == {"周舟"}
    assert names(q="li") == {"Li Na"}
    assert names(q="E0004") == {"王伟"}
    assert names(q="nobody") == set()
    lowest = client.get(here, {"order": "-amount"}).context["page"].items[0]
    assert lowest.employee_name == "周舟"


def test_queries_do_not_grow_with_lines(cast: Cast, plan: IncentivePlan) -> None:
    counts = []
    for code, size, period in (("small", 10, SEPTEMBER), ("large", 200, SEPTEMBER)):
        payout_run = computed(cast, plan, released_cycle(cast, crowd(cast, size), code=code, period=period))
        client = as_(cast.payroll)
        url = reverse("incentives:payout_run", args=[payout_run.pk])
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
        payout_runs.reject_payout(actor=cast.payroll, payout_run=payout_run, reason="only counted")
    assert counts[0] == counts[1]


# Statements -----------------------------------------------------------------------------------------------------------


def test_statement_of_ones_own(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    client = as_(cast.agent)
    assert "No statement yet" in client.get(reverse("incentives:statement")).content.decode()
    payout_run = decided_and_approved(cast, plan, cycle)
    page = client.get(reverse("incentives:statement")).content.decode()
    for part in (
        "target bonus 1,200.00 (20% of 6,000.00)",
        "× 1.12 because score 106 lies between 100 and 150",
        "1,344.00",
        "One more point pays",
        "¥24.00",
    ):
        assert part in page
    fragment = client.get(reverse("incentives:money_fragment", args=[cycle.code])).content.decode()
    assert "¥1,344.00" in fragment
    assert "<html" not in fragment
    line = payout_run.payout_lines.get(employee=cast.agent)
    assert client.get(reverse("incentives:statement_detail", args=[line.pk])).status_code == 200
    printed = client.get(reverse("incentives:statement"), {"print": "1"}).content.decode()
    assert "Bonus statement" in printed


def decided_and_approved(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> PayoutRun:
    payout_run = computed(cast, plan, cycle)
    payout_runs.decide_line(
        actor=cast.hr, payout_run=payout_run, employee=cast.leaver, decision="pay", reason="Contract"
    )
    payout_run.refresh_from_db()
    return approved(cast, payout_run)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        pytest.param("agent", 200, id="the person"),
        pytest.param("hr", 200, id="HR"),
        pytest.param("payroll", 200, id="payroll"),
        pytest.param("auditor", 200, id="an auditor"),
        pytest.param("manager", 404, id="the manager: money is not the manager's to see"),
        pytest.param("site_manager", 404, id="the manager's manager"),
        pytest.param("peer", 404, id="a colleague"),
        pytest.param("outsider", 404, id="someone of another team"),
    ],
)
def test_who_reads_a_statement(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str, status: int) -> None:
    payout_run = decided_and_approved(cast, plan, cycle)
    line = payout_run.payout_lines.get(employee=cast.agent)
    client = as_(getattr(cast, who))
    assert client.get(reverse("incentives:statement_detail", args=[line.pk])).status_code == status


def test_nothing_is_shown_before_approval(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    client = as_(cast.agent)
    line = payout_run.payout_lines.get(employee=cast.agent)
    assert client.get(reverse("incentives:statement_detail", args=[line.pk])).status_code == 404
    assert client.get(reverse("incentives:statement_of_cycle", args=[cycle.code])).status_code == 404
    fragment = client.get(reverse("incentives:money_fragment", args=[cycle.code])).content.decode()
    assert "being computed and checked" in fragment
    assert "1,344" not in fragment


def test_a_held_payment_says_so_without_the_reason_that_hr_wrote(
    cast: Cast, plan: IncentivePlan, cycle: Cycle
) -> None:
    payout_run = computed(cast, plan, cycle)
    for who in (cast.agent, cast.leaver):
        payout_runs.decide_line(
            actor=cast.hr, payout_run=payout_run, employee=who, decision="withhold", reason="Investigation 17"
        )
    payout_run.refresh_from_db()
    approved(cast, payout_run)
    page = as_(cast.agent).get(reverse("incentives:statement")).content.decode()
    assert "Not paid: held back" in page
    assert "Investigation" not in page


def test_year_to_date_and_history(cast: Cast, plan: IncentivePlan) -> None:
    september = released_cycle(cast, {cast.agent: 100.0}, code="2025-09", period=SEPTEMBER)
    october = released_cycle(cast, {cast.agent: 106.0})
    approved(cast, computed(cast, plan, september))
    approved(cast, computed(cast, plan, october))
    context = as_(cast.agent).get(reverse("incentives:statement")).context
    assert context["statement"].total == D("1344.00")
    assert context["statement"].year_to_date == D("2544.00")
    assert [row["amount"] for row in context["statement"].history] == [D("1344.00"), D("1200.00")]


def test_a_displayed_score_never_seems_to_stand_in_another_band(
    cast: Cast, plan: IncentivePlan, client: Client
) -> None:
    """69.96 lies below the edge of 70 that a gate or a rating was decided by: 69.9, not 70.0."""
    cycle = released_cycle(cast, {cast.agent: 69.96, cast.peer: 70.04}, code="edge")
    bands = [{"code": "D", "from": 0, "name": {}}, {"code": "C", "from": 70, "name": {}}]
    type(cycle).objects.filter(pk=cycle.pk).update(
        configuration={**cycle.configuration, "rating_bands": bands}
    )
    run = computed(cast, plan, cycle)
    client.force_login(cast.hr)
    page = client.get(
        reverse("incentives:payout_run", args=[run.pk]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert ">69.9<" in page
    assert ">70.0<" in page


def test_a_factor_is_short_in_the_sentence_and_exact_one_click_away(
    cast: Cast, plan: IncentivePlan, client: Client
) -> None:
    cycle = released_cycle(cast, {cast.agent: 101.123456}, code="long")
    approved(cast, computed(cast, plan, cycle))
    client.force_login(cast.agent)
    page = client.get(
        reverse("incentives:statement_of_cycle", args=["long"]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert "× ≈ 1.0225 because score 101.123456" in page
    assert "1.0224691200" in page
