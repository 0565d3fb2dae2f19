"""One review lives: its terms are read, two managers score, their own manager looks a second time, weak points get
advice, results are released, read, appealed against and corrected in money, and a plan follows with two check-ins. HR,
the managers and two employees each in a browser of their own; one team works in Chinese and the other in English, then
the other way round. Computing runs in process here."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone, translation
from playwright.sync_api import BrowserContext, Page, expect

from foundation.runs import services as runs
from incentives.models import LedgerEntry, PayoutRun
from reviews.models import (
    Acknowledgement,
    Appeal,
    Cycle,
    ImprovementPlan,
    Result,
    SecondReview,
    TermsReceipt,
    TermsSettlement,
)
from reviews.services.cycles import edit_configuration
from tests.cast import Cast
from tests.factories import PASSWORD
from tests.incentives.world import plan_of
from tests.journeys.office import PHONE, Office
from tests.reviews.conftest import configuration, draft, kpis, measured  # noqa: F401  fixtures
from tests.reviews.test_appeals_browser import PLAN, pay
from tests.reviews.test_improvement_browser import keep, month

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

EN, ZH = "en", "zh-hans"
FEEDBACK = {"required": True, "weak_below": 60, "strong_from": 100, "most": 3}


def say(page: Page, text: str) -> str:
    """What the product says in the language of this page."""
    with translation.override(str(page.locator("html").get_attribute("lang")).lower()):
        return translation.gettext(text)


def press(page: Page, dialog: str, reason: str = "") -> None:
    """Opens the dialog, gives a reason where one is asked for, confirms."""
    page.locator(f"[data-dialog-open={dialog}]").first.click()
    shown = page.locator(f"dialog#{dialog}")
    expect(shown).to_be_visible()
    if shown.locator("[name=reason]").count():
        shown.locator("[name=reason]").fill(reason)
    with page.expect_navigation():
        shown.locator("button[type=submit]").click()


class Life:
    def __init__(self, office: Office, cast: Cast, cycle: Cycle, blue: str, green: str) -> None:
        self.office, self.cast, self.cycle = office, cast, cycle
        self.hr = office.come_in("hr", PASSWORD, language=green)
        self.manager = office.come_in("manager", PASSWORD, language=blue)
        self.other = office.come_in("other_manager", PASSWORD, language=green)
        self.agent = office.come_in("agent", PASSWORD, language=blue, viewport=PHONE)
        self.outsider = office.come_in("outsider", PASSWORD, language=green, viewport=PHONE)

    def open(self, page: Page, address: str) -> Page:
        page.goto(self.office.url + address)
        page.wait_for_load_state("networkidle")
        return page

    def to_phase(self, phase: str) -> None:
        self.open(self.hr, "/cycles/oct/")
        press(self.hr, f"to-{phase}")
        self.cycle.refresh_from_db()
        assert self.cycle.phase == phase, self.hr.locator("main").inner_text()

    def launch(self) -> None:
        self.open(self.hr, "/cycles/oct/")
        self.hr.locator("[data-dialog-open=launch]").click()
        self.hr.check("dialog#launch [name=to_phase][value=goals]", force=True)
        self.hr.locator("dialog#launch button[type=submit]").click()
        expect(self.hr.locator("[data-dialog-open=launch]")).to_have_count(0)

    def read_terms(self) -> None:
        for person in (self.agent, self.outsider):
            self.open(person, "/standing/oct/terms/")
            self.office.look(person, "terms")
            form = person.locator("form[action$='/terms/confirm/']")
            form.locator("button[type=submit]").click()
            expect(form).to_have_count(0)
        self.open(self.hr, "/cycles/oct/terms/")
        expect(self.hr.locator("main tbody tr .icon")).to_have_count(2)

    def score(self, manager: Page) -> None:
        """From the queue, by keyboard alone; the first person gets other levels, for a look in the mirror."""
        self.open(manager, "/scoring/")
        manager.locator("main table a[href*='/oct/']").first.click()
        cells = manager.locator("td[data-kind=score] input[type=text]")
        cells.first.focus()
        for row in range(manager.locator("tr[data-row]").count()):
            for key in ("4", "ArrowRight", "3" if row else "4", "ArrowLeft", "ArrowDown"):
                manager.keyboard.press(key)
        self.office.all_saved(manager)
        self.office.look(manager, "grid")
        manager.locator("[data-dialog-open=submit]").click()
        mirror = say(manager, "Your scores in a mirror")
        expect(manager.locator("dialog#submit")).to_contain_text(mirror)
        manager.locator("dialog#submit button[type=submit]").click()
        manager.wait_for_url(re.compile(r"/scoring/$"))

    def look_again(self, language: str) -> None:
        reviewer = self.office.come_in("site_manager", PASSWORD, language=language)
        self.open(reviewer, "/second-reviews/")
        self.office.look(reviewer, "second-look")
        confirm = reviewer.locator("form:has([name=decision][value=confirm]) button")
        for left in range(confirm.count(), 0, -1):
            expect(confirm).to_have_count(left)
            confirm.first.click()
        expect(confirm).to_have_count(0)
        reviewer.context.close()

    def compute(self) -> None:
        self.open(self.hr, "/cycles/oct/")
        with self.hr.expect_navigation():
            self.hr.locator("form[action$='/score/'] button").first.click()
        runs.drain_outbox()
        self.cycle.refresh_from_db()
        assert self.cycle.published_run is not None

    def advise(self, manager: Page, name: str, advice: str) -> None:
        self.open(manager, "/cycles/oct/feedback/")
        manager.get_by_role("link", name=name).click()
        manager.get_by_label(say(manager, "What to do")).first.fill(advice)
        manager.get_by_label(say(manager, "By when")).first.fill(timezone.localdate().isoformat())
        self.office.look(manager, "feedback")
        manager.locator("main form .btn-primary").click()
        manager.wait_for_load_state("networkidle")

    def release(self) -> None:
        self.open(self.hr, "/cycles/oct/")
        press(self.hr, "release", "Everybody is heard")
        runs.drain_outbox()

    def acknowledge(self, person: Page, agrees: str) -> None:
        self.open(person, "/standing/")
        self.office.look(person, "standing")
        person.locator(f"#agrees-{agrees}").check()
        form = person.locator("form[action$='/acknowledge/']")
        form.locator("button[type=submit]").click()
        expect(form).to_have_count(0)

    def appeal(self) -> str:
        self.open(self.agent, "/standing/")
        self.agent.locator("a[href$='/appeal/']").click()
        self.agent.select_option("[name=item]", "kpis:response_time")
        self.agent.fill("[name=proposed_score]", "90")
        self.agent.fill("[name=reason]", "电话系统在 10 月 9 日中断 · the telephones were down")
        proof = {"name": "log.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
        self.agent.set_input_files("[name=files]", proof)
        self.agent.locator("main form.form button[type=submit]").click()
        self.agent.wait_for_url(re.compile(r"/appeals/\d+/$"))
        return f"/appeals/{Appeal.objects.get().pk}/"

    def decide(self, here: str) -> None:
        self.open(self.hr, here)
        self.hr.select_option("[name=decider]", str(self.cast.other_manager.pk))
        self.hr.locator("form[action$='/assign/'] button[type=submit]").click()
        self.open(self.other, here)
        foreseen = self.other.locator("form[action$='/decide/'] table")
        expect(foreseen).to_contain_text(self.shown(self.before.score))
        expect(self.other.locator("form[action$='/decide/']")).to_contain_text("%")
        self.office.look(self.other, "appeal-decide")
        self.other.locator("[name=decision][value=accept]").check(force=True)
        self.other.locator("form[action$='/decide/'] [name=reason]").fill("The log of the provider shows it")
        self.other.locator("form[action$='/decide/'] button[type=submit]").click()
        expect(self.other.locator("form[action$='/decide/']")).to_have_count(0)
        runs.drain_outbox()

    @staticmethod
    def shown(score: float | None) -> str:
        assert score is not None
        return f"{score:.1f}"

    @property
    def before(self) -> Result:
        self.cycle.refresh_from_db()
        return Result.objects.get(run=self.cycle.published_run, employee=self.cast.agent)

    def approve(self, run: PayoutRun, language: str) -> None:
        payroll = self.office.come_in("payroll", PASSWORD, language=language)
        self.open(payroll, f"/payouts/{run.pk}/")
        press(payroll, "approve")
        payroll.context.close()

    # The plan --------------------------------------------------------------------------------------------------------

    def open_plan(self) -> ImprovementPlan:
        page = self.open(self.other, "/improvement/new/")
        page.select_option("#employee", str(self.cast.outsider.pk))
        page.click("main button[type=submit]")
        page.locator("input[name=evidence]").last.check()  # the month of the KPI: the score is no ground
        page.fill("[name=cause_skill]", "Closes calls too early")
        page.select_option("[name=targets-0-kpi]", "csat")
        page.fill("[name=targets-0-target]", "4.5")
        page.fill("[name=measures-0-text]", "Listen to five good calls")
        self.office.look(page, "plan-new")
        with page.expect_navigation():
            page.click("main button[type=submit].btn-primary")
        assert re.search(r"/improvement/\d+/$", page.url), page.locator("main").inner_text()
        return ImprovementPlan.objects.get()

    def change_plan(self, plan: ImprovementPlan) -> None:
        """Three weeks later, when nobody has objected: a check-in every week, to which the person agrees."""
        TermsSettlement.objects.create(
            terms=plan.terms.get(),
            verdict="agreed",
            stands_from=timezone.localdate() - datetime.timedelta(days=20),
        )
        page = self.open(self.other, f"/improvement/{plan.pk}/change/")
        page.fill("[name=every_days]", "7")
        page.fill("[name=reason]", "We meet every week now")
        page.click("main button[type=submit].btn-primary")
        page.wait_for_url(re.compile(r"/improvement/\d+/$"))
        person = self.open(self.outsider, "/standing/")
        person.locator("main a[href*='/improvement/']").first.click()
        self.office.look(person, "plan-own")
        person.locator("form[action$='/agree/'] button").click()
        expect(person.locator("form[action$='/agree/']")).to_have_count(0)
        person.locator("form[action*='/done/'] button").first.click()

    def check_in(self, plan: ImprovementPlan, days_ago: int, note: str) -> None:
        page = self.open(self.other, f"/improvement/{plan.pk}/")
        day = timezone.localdate() - datetime.timedelta(days=days_ago)
        page.fill("#check-in [name=held_on]", day.isoformat())
        page.fill("#check-in [name=note]", note)
        page.locator("#check-in form button[type=submit]").click()
        expect(page.locator("#check-in ol")).to_contain_text(note)

    def end_plan(self, plan: ImprovementPlan) -> None:
        page = self.open(self.hr, f"/improvement/{plan.pk}/")
        expect(page.locator("main")).to_contain_text(say(page, "target met"))
        page.locator("details.card summary").first.click()
        page.select_option("[name=verdict]", "met")
        page.fill("details [name=reason]", "4.50 this month")
        self.office.look(page, "plan-ends")
        page.locator("form[action$='/outcome/'] button[type=submit]").click()
        expect(page.locator("form[action$='/outcome/']")).to_have_count(0)


@pytest.mark.parametrize(("blue", "green"), [(ZH, EN), (EN, ZH)], ids=["blue-chinese", "green-chinese"])
def test_a_review_lives(
    live_server: Any,
    new_context: Callable[..., BrowserContext],
    cast: Cast,
    draft: Cycle,  # noqa: F811
    measured: dict[str, dict[str, tuple[float, int]]],  # noqa: F811
    kpis: dict[str, Any],  # noqa: F811
    settings: Any,
    tmp_path: Path,
    blue: str,
    green: str,
) -> None:
    settings.MEDIA_ROOT = tmp_path
    measured["agent"]["response_time"] = (30, 400)  # 50 points: weak
    measured["peer"]["response_time"] = (20, 400)
    measured["outsider"]["csat"] = (4.0, 50)
    office = Office(
        url=live_server.url, new_context=new_context, agents=(), first_day=cast.first_day,
        last_day=cast.last_day, log=("", b""), folder=tmp_path, code="oct",
    )  # fmt: skip
    population = {"teams": ["blue", "green"], "jobs": ["agent"], "sites": [], "minimum_days": 1}
    cycle = edit_configuration(
        actor=cast.hr, cycle=draft, version=draft.version,
        configuration=configuration(population=population, second_review=True, feedback=FEEDBACK),
    )  # fmt: skip
    bonus = plan_of(cast, PLAN)
    life = Life(office, cast, cycle, blue, green)

    # Before: everybody knows by what they are appraised.
    life.launch()
    life.read_terms()
    assert set(TermsReceipt.objects.values_list("employee", flat=True)) == {cast.agent.pk, cast.outsider.pk}
    life.to_phase("collection")
    life.to_phase("rating")

    # Two managers score, theirs looks a second time; advice for who is weak; the release.
    life.score(life.manager)
    life.score(life.other)
    assert SecondReview.objects.filter(state="waiting").count() == 5
    life.look_again(green)
    assert set(SecondReview.objects.values_list("state", "decided_by")) == {
        ("confirmed", cast.site_manager.pk)
    }
    life.compute()
    life.to_phase("calibration")
    life.advise(life.manager, cast.agent.name, "三声铃响内接起 · answer within three rings")
    life.release()
    cycle.refresh_from_db()
    assert cycle.released_at
    expect(life.open(life.agent, "/standing/").locator("main")).to_contain_text("answer within three rings")
    paid = pay(cast, cycle, bonus)

    # Read, agreed with and not; appealed against, foreseen, decided, corrected and paid.
    life.acknowledge(life.agent, "no")
    life.acknowledge(life.outsider, "yes")
    assert set(Acknowledgement.objects.values_list("employee", "agrees")) == {
        (cast.agent.pk, False),
        (cast.outsider.pk, True),
    }
    others = dict(
        Result.objects.filter(run=cycle.published_run)
        .exclude(employee=cast.agent)
        .values_list("employee", "rating")
    )
    stood = life.before
    here = life.appeal()
    life.decide(here)
    now = life.before
    assert now.score is not None
    assert stood.score is not None
    assert now.score > stood.score
    assert others == dict(
        Result.objects.filter(run=cycle.published_run)
        .exclude(employee=cast.agent)
        .values_list("employee", "rating")
    )
    run = PayoutRun.objects.get(kind="adjusting")
    life.approve(run, green)
    before = paid.payout_lines.get(employee=cast.agent).amount
    after = run.payout_lines.get(employee=cast.agent).amount
    assert after > before > Decimal(0)
    assert set(LedgerEntry.objects.filter(payout_run=run).values_list("employee", flat=True)) == {
        cast.agent.pk
    }
    page = life.open(life.agent, here)
    expect(page.locator("main")).to_contain_text(life.shown(now.score))
    office.look(page, "appeal-after")
    page = life.open(life.agent, "/statement/")
    office.look(page, "statement")
    for amount in (before, after, after - before):
        expect(page.locator("main")).to_contain_text(f"¥{amount:,.2f}")

    # A plan of the other team, with two check-ins, until it is met.
    keep(kpis["csat"], month(2), cast.outsider, 4.0)
    plan = life.open_plan()
    life.change_plan(plan)
    life.check_in(plan, 7, "Listens longer")
    keep(kpis["csat"], month(1), cast.outsider, 4.3)
    life.check_in(plan, 0, "Nearly there")
    keep(kpis["csat"], month(0), cast.outsider, 4.5)
    life.end_plan(plan)
    plan.refresh_from_db()
    assert plan.closed_on == timezone.localdate()
    assert [each.progress[0]["value"] for each in plan.check_ins.all()] == [4.0, 4.3]

    for person in (life.agent, life.outsider):
        assert person.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            "wider than the phone"
        )
    assert office.faults == []
