"""From a call log to a paid bonus in a browser: what HR, a team leader, payroll and an agent click and type.

The same steps run in a test against a live server and by hand against a running installation. Sentences are English
where HR and payroll work; the leader and the agent are found by the structure of their pages, in either language.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
LANGUAGES = {"en": ("English", "en-GB"), "zh-hans": ("中文", "zh-CN")}

#: (code, weight, target) of the KPIs in the cycle; resolution in per cent, speed in seconds.
KPIS = (("satisfaction", "40", "3.4"), ("resolution_rate", "40", "90"), ("response_time", "20", "68"))

LEVELS = (
    ("常打断客户", "Often interrupts the customer"),
    ("有时打断客户", "Interrupts at times"),
    ("按规范服务", "Serves as the standard says"),
    ("耐心周到", "Patient and attentive"),
    ("常被客户表扬", "Is often praised by customers"),
)


@dataclass
class Office:
    """new_context is Browser.new_context or the fixture of that name. log is the call log as (name, bytes).

    look(page, name) is called where a page has something to show; wait() returns once the runs started are over, where
    workers are not there to be waited for in the page.
    """

    url: str
    new_context: Callable[..., BrowserContext]
    agents: Sequence[str]
    first_day: datetime.date
    last_day: datetime.date
    log: tuple[str, bytes]
    folder: Path
    code: str = "phones"
    numbers: str = "P"
    look: Callable[[Page, str], None] = lambda page, name: None
    wait: Callable[[], None] = lambda: None
    seen: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    # Coming in -------------------------------------------------------------------------------------------------------

    def come_in(
        self, login: str, password: str, *, language: str = "en", viewport: dict[str, int] | None = None
    ) -> Page:
        """A browser of one's own, signed in, in the language; a temporary password is exchanged on the way."""
        locale = LANGUAGES[language][1]
        narrow = viewport == PHONE
        context = self.new_context(
            viewport=viewport or DESKTOP,
            locale=locale,
            has_touch=narrow,
            is_mobile=narrow,
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                self.faults.append(f"{page.url}: {message.text}")
                if "Content Security Policy" in message.text
                else None
            ),
        )
        page.on(
            "response",
            lambda answer: (
                self.faults.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
            ),
        )
        page.goto(f"{self.url}/sign-in/")
        page.fill("#id_username", login)
        page.fill("#id_password", password)
        page.locator("form.form button[type=submit]").first.click()
        page.wait_for_url(lambda address: "/sign-in/" not in address)
        if "/account/password/" in page.url:
            self.look(page, "choose-password")
            page.fill("#id_present", password)
            for name in ("password", "again"):
                page.fill(f"#id_{name}", f"chosen by {login} alone")
            page.locator("main form.form button[type=submit]").first.click()
            page.wait_for_url(lambda address: "/account/password/" not in address)
        self.speak(page, language)
        return page

    def speak(self, page: Page, language: str) -> None:
        """Through the switch: at the left on a desktop, in the account's menu on a phone."""
        html = page.locator("html")
        if str(html.get_attribute("lang")).lower() != language:
            button = page.get_by_role("button", name=LANGUAGES[language][0], exact=True)
            if not button.first.is_visible():
                page.locator(".user-menu summary").click()
            button.locator("visible=true").first.click()
            expect(html).to_have_attribute("lang", re.compile(language, re.IGNORECASE))

    def password_for(self, hr: Page, login: str, number: str) -> str:
        """HR looks the person up and hands over a temporary password."""
        hr.goto(f"{self.url}/people/?q={number}")
        hr.locator("main table a").first.click()
        hr.locator("main details.menu summary").click()
        hr.locator("[data-dialog-open=temporary-password]").click()
        hr.locator("dialog#temporary-password button[type=submit]").click()
        expect(hr.locator("main")).to_contain_text(login)
        return hr.locator("#temporary-password").inner_text()

    # Data ------------------------------------------------------------------------------------------------------------

    def take_catalogue(self, hr: Page) -> None:
        hr.goto(f"{self.url}/kpis/")
        take = hr.get_by_role("button", name="Take over the catalogue")
        if take.count():
            self.look(hr, "kpis-empty")
            take.click()
        expect(hr.locator("main table")).not_to_have_count(0)
        self.look(hr, "kpis")

    def upload(self, hr: Page, address: str, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        hr.goto(f"{self.url}{address}")
        hr.set_input_files("#id_file", str(path))
        hr.get_by_role("button", name="Upload and match columns").click()
        expect(hr.get_by_role("heading", name="Match the columns")).to_be_visible()

    def check_and_store(self, hr: Page, rows: int) -> None:
        hr.get_by_role("button", name="Check the file").click()
        expect(hr.get_by_role("heading", name="What would happen; nothing is stored yet")).to_be_visible()
        self.look(hr, f"import-checked-{hr.url.rstrip('/').rsplit('/', 1)[-1]}")
        hr.get_by_role("button", name=f"Store {rows:,} rows").click()
        self.wait()
        expect(hr.get_by_role("heading", name="Stored", exact=True)).to_be_visible(timeout=90_000)

    def staff(self, hr: Page) -> None:
        """The roster makes team, job and site; then the salaries."""
        head = (
            "Employee number,Name,Login,Job code,Job name,Team code,Team name,Site code,Site name,Hired on,"
            "Leads team,Other names"
        )
        here = f"{self.code},Phones,{self.code}-hall,Hall One,2020-01-01"
        lead = f"{self.code}.lead,{self.code}-lead,Phone team leader"
        rows = [f"{self.numbers}000,Lead Of Phones,{lead},{here},{self.code},"]
        pay = ["Employee number,Valid from,Monthly base salary,Currency"]
        for place, agent in enumerate(self.agents, start=1):
            number = f"{self.numbers}{place:03d}"
            job = f"{self.code}.{agent.lower()},{self.code}-agent,Phone agent"
            rows.append(f"{number},{agent},{job},{here},,{agent}")
            pay.append(f"{number},2020-01-01,{5000 + 500 * place}.00,CNY")
        self.upload(hr, "/imports/new/?kind=roster", "roster.csv", "\n".join([head, *rows]).encode())
        self.look(hr, "import-roster")
        self.check_and_store(hr, len(rows))
        self.upload(hr, "/imports/new/?kind=compensation", "pay.csv", "\n".join(pay).encode())
        self.check_and_store(hr, len(pay) - 1)

    def bring_calls(self, hr: Page, rows: int) -> None:
        """A source, its file, its columns: some are recognised, the others are said by hand."""
        hr.goto(f"{self.url}/sources/new/")
        hr.fill("#id_code", f"{self.code}-log")
        hr.fill("#id_name_en", "Call log")
        hr.fill("#id_name_zh", "呼叫记录")
        hr.select_option("#id_kind", "records")
        self.look(hr, "source-new")
        hr.locator("main form button[type=submit]").first.click()
        hr.wait_for_url(re.compile(r"/sources/[^/]*-log/"))
        self.upload(hr, f"/imports/new/?kind=records&source={self.code}-log", *self.log)
        self.look(hr, "import-mapping-guessed")
        self.seen["guess"] = {
            label.inner_text(): self._what(hr, label).input_value()
            for label in hr.locator("main th label[for^=col-]").all()
        }
        wanted = {
            "Call Id": ("role:record_id", "", ""),
            "Agent": ("role:employee", "", ""),
            "Date": ("role:date", "", ""),
            "Time": ("role:time", "", ""),
            "Topic": ("role:queue", "", ""),
            "Answered (Y/N)": ("measure:answered", "boolean", "Y=1, N=0"),
            "Resolved": ("measure:resolved", "boolean", "Y=1, N=0"),
            "Speed of answer in seconds": ("measure:answer_seconds", "number", ""),
            "AvgTalkDuration": ("measure:talk_seconds", "duration", ""),
            "Satisfaction rating": ("measure:satisfaction", "number", ""),
        }
        for column, (what, written, words) in wanted.items():
            label = hr.get_by_text(column, exact=True).and_(hr.locator("label"))
            name = str(label.get_attribute("for")).removesuffix("-what")
            # The page asks anew how a column is written when what it is, or how, was changed.
            for choice, value in ((f"{name}-what", what), (f"{name}-type", written)):
                if value and hr.locator(f"[name={choice}]").input_value() != value:
                    with hr.expect_response(re.compile(f"line={name}")):
                        hr.select_option(f"[name={choice}]", value)
                    self.seen.setdefault("edits", []).append(choice)
            if words:
                hr.fill(f"[name={name}-words]", words)
        self.look(hr, "import-mapping")
        self.check_and_store(hr, rows)
        self.look(hr, "import-stored")

    def _what(self, page: Page, label: Locator) -> Locator:
        return page.locator(f"#{label.get_attribute('for')}")

    def numbers_of(self, hr: Page, month: datetime.date) -> dict[str, dict[str, str]]:
        """The table of numbers as the page shows it: {name: {KPI: value with its unit}}."""
        hr.goto(f"{self.url}/numbers/?month={month:%Y-%m}&q={self.numbers}0")
        return self._numbers(hr)

    def _numbers(self, page: Page) -> dict[str, dict[str, str]]:
        heads = [head.inner_text() for head in page.locator("main thead th a").all()][1:]
        found = {}
        for row in page.locator("main tbody tr").all():
            cells = [cell.inner_text().split("\n")[0] for cell in row.locator("td").all()]
            found[row.locator(".person-name").inner_text()] = dict(zip(heads, cells, strict=True))
        return found

    # The cycle -------------------------------------------------------------------------------------------------------

    def make_cycle(self, hr: Page) -> None:
        """From nothing, and from each problem of the launch list to the page that mends it."""
        hr.goto(f"{self.url}/cycles/new/")
        hr.select_option("#id_template", "")
        hr.fill("#id_name_zh", "电话组考核")
        hr.fill("#id_name_en", "Phone review")
        hr.fill("#id_code", f"{self.code}-cycle")
        hr.fill("#id_first_day", self.first_day.isoformat())
        hr.fill("#id_last_day", self.last_day.isoformat())
        due = datetime.date.today() + datetime.timedelta(days=7)
        hr.fill("#id_rating_due_on", due.isoformat())
        self.look(hr, "cycle-new")
        hr.get_by_role("button", name="Make the cycle").click()
        cockpit = hr.locator(".problems")
        expect(cockpit).to_be_visible()
        self.look(hr, "cycle-setup")
        self.seen["first_problems"] = [line.inner_text() for line in hr.locator(".problem").all()]
        expect(hr.locator("[data-dialog-open=launch]")).to_have_count(0)
        self._choose_population(hr)
        self._add_kpis(hr)
        self._add_scale(hr)

    def _page(self, hr: Page, name: str) -> None:
        hr.goto(f"{self.url}/cycles/{self.code}-cycle/{name}")

    def _choose_population(self, hr: Page) -> None:
        self._page(hr, "population/")
        hr.locator(f"input[name=teams][value={self.code}]").check()
        hr.locator(f"input[name=jobs][value={self.code}-agent]").check()
        self.look(hr, "cycle-population")
        hr.get_by_role("button", name="Save").click()

    def _add_component(self, hr: Page, method: str, code: str, zh: str, en: str, weight: str) -> None:
        self._page(hr, "components/")
        if not hr.locator("#id_new-code").is_visible():
            hr.locator("details summary", has_text="Add a component").click()
        hr.locator(f"[name=new-method][value={method}]").check()
        for name, text in (("name_zh", zh), ("name_en", en), ("code", code), ("weight", weight)):
            hr.fill(f"#id_new-{name}", text)
        self.look(hr, f"cycle-component-{method}")
        hr.get_by_role("button", name="Add the component").click()
        hr.wait_for_url(re.compile(rf"/components/{code}/$"))

    def _add_kpis(self, hr: Page) -> None:
        self._add_component(hr, "kpi", "kpis", "关键绩效指标", "Key indicators", "80")
        for code, weight, target in KPIS:
            row = hr.locator("tr", has=hr.locator(f"input[name$=kpi][value={code}]"))
            row.locator("input[name$=weight]").fill(weight)
            row.locator("input[name$=target]").fill(target)
            row.locator("input[name$=cap]").fill("120")
        self.look(hr, "cycle-kpis")
        hr.get_by_role("button", name="Save KPIs").click()

    def _add_scale(self, hr: Page) -> None:
        self._add_component(hr, "rating_scale", "conduct", "服务行为", "Service conduct", "20")
        first = hr.locator("[name$='-0-code']").first
        prefix = str(first.get_attribute("name")).removesuffix("code")
        for name, text in (
            ("name_zh", "礼貌"),
            ("name_en", "Courtesy"),
            ("code", "courtesy"),
            ("weight", "100"),
        ):
            hr.fill(f"[name='{prefix}{name}']", text)
        self.look(hr, "cycle-scale")
        hr.get_by_role("button", name="Save the scale").click()

    def mend(self, hr: Page) -> None:
        """The one thing left: what each level of the scale means, in both languages, by the link of the list."""
        self._page(hr, "")
        self.seen["last_problems"] = [line.inner_text() for line in hr.locator(".problem").all()]
        self.look(hr, "cycle-problem")
        hr.locator(".problem a").first.click()
        hr.get_by_text("Descriptions of the levels").first.click()
        for place, (zh, en) in enumerate(LEVELS):
            hr.fill(f"[name='items-0-level_{place}_zh']", zh)
            hr.fill(f"[name='items-0-level_{place}_en']", en)
        self.look(hr, "cycle-scale-described")
        hr.get_by_role("button", name="Save the scale").click()

    def launch(self, hr: Page) -> None:
        self._page(hr, "")
        expect(hr.locator(".all-clear")).to_be_visible()
        self.look(hr, "cycle-ready")
        hr.locator("[data-dialog-open=launch]").click()
        self.look(hr, "cycle-launch-dialog")
        hr.locator("dialog#launch button[type=submit]").click()
        expect(hr.locator("main")).to_contain_text("Frozen at launch")
        self.look(hr, "cycle-rating")

    def open_grid(self, manager: Page) -> Locator:
        manager.goto(f"{self.url}/scoring/")
        self.look(manager, "queue")
        manager.locator(f"main table a[href*='{self.code}-cycle']").first.click()
        cells = manager.locator("td[data-kind=score] input[type=text]")
        expect(cells).to_have_count(len(self.agents))
        return cells

    def all_saved(self, manager: Page) -> None:
        expect(manager.locator("[data-grid-state]")).to_contain_text(
            re.compile("All saved|已全部保存"), timeout=15_000
        )

    def submit(self, manager: Page) -> None:
        manager.locator("[data-dialog-open=submit]").click()
        self.look(manager, "grid-submit-dialog")
        manager.locator("dialog#submit button[type=submit]").click()
        expect(manager.locator("[data-dialog-open=submit]")).to_have_count(0)
        self.look(manager, "grid-submitted")

    def score_and_release(self, hr: Page) -> None:
        self._page(hr, "")
        hr.get_by_role("button", name="Compute scores").click()
        self.wait()
        hr.reload()
        release = hr.locator("[data-dialog-open=release]")
        expect(release).to_be_visible(timeout=60_000)
        self.look(hr, "cycle-computed")
        release.click()
        hr.locator("dialog#release button[type=submit]").click()
        expect(hr.locator("main")).to_contain_text("The results are open")
        self.look(hr, "cycle-released")
        self._page(hr, "results/")
        self.look(hr, "results")

    # Money -----------------------------------------------------------------------------------------------------------

    def make_plan(self, hr: Page) -> None:
        hr.goto(f"{self.url}/new-plan/")
        hr.fill("#id_code", f"{self.code}-bonus")
        hr.fill("#id_name_zh", "电话组奖金")
        hr.fill("#id_name_en", "Phone bonus")
        hr.fill("#id_valid_from", "2020-01-01")
        hr.locator(f"input[name=jobs][value={self.code}-agent]").check()
        hr.fill("[name=steps-0-share]", "10")
        hr.fill("[name=steps-1-threshold]", "70")
        hr.fill("[name=steps-1-accelerator]", "2")
        hr.fill("[name=sample_salary]", "5500")
        expect(hr.locator("#plan-preview")).to_contain_text("550.00")
        self.look(hr, "plan-new")
        hr.get_by_role("button", name="Save plan").click()
        hr.wait_for_url(re.compile(rf"/plans/{self.code}-bonus/"))
        self.look(hr, "plan")

    def compute_payout(self, hr: Page) -> str:
        hr.goto(f"{self.url}/payouts/")
        self.look(hr, "payouts-ready")
        hr.get_by_role("button", name="Compute Phone bonus for Phone review").click()
        hr.wait_for_url(re.compile(r"/payouts/\d+/"))
        self.wait()
        hr.reload()
        expect(hr.get_by_role("heading", name="Approval")).to_be_visible(timeout=60_000)
        expect(hr.locator("[data-dialog-open=approve]")).to_have_count(0)  # the maker is not the checker
        self.look(hr, "payout-computed")
        return hr.url.removeprefix(self.url)

    def approve_and_export(self, payroll: Page, address: str) -> bytes:
        payroll.goto(f"{self.url}{address}")
        self.look(payroll, "payout-approve")
        payroll.locator("[data-dialog-open=approve]").click()
        self.look(payroll, "payout-approve-dialog")
        payroll.locator("dialog#approve button[type=submit]").click()
        make = payroll.get_by_role("button", name="Make payroll file")
        expect(make).to_be_visible()
        with payroll.expect_download() as download:
            make.click()
        payroll.reload()
        self.look(payroll, "payout-approved")
        return Path(download.value.path()).read_bytes()

    # The employee ----------------------------------------------------------------------------------------------------

    def where_i_stand(self, agent: Page) -> None:
        agent.goto(f"{self.url}/standing/")
        expect(agent.locator("main .loading")).to_have_count(0)
        self.look(agent, "standing")

    def statement(self, agent: Page) -> None:
        agent.goto(f"{self.url}/statement/")
        self.look(agent, "statement")


def open_browser(playwright: Any, executable: str, arguments: Sequence[str]) -> Browser:
    return playwright.chromium.launch(executable_path=executable, args=list(arguments))
