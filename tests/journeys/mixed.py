"""One cycle that mixes the methods: KPIs, a rating scale, anchored items, a behavioural record and rankings, rated by
forced distribution and calibrated. What is configured, who works where and what everybody is to say, for the journey
by REST and the one in a browser; and the sums done again from what is published."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reviews.methods.recompute import recompute
from tests.journeys.chain import Chain, rows_of

FIRST, LAST = datetime.date(2025, 10, 1), datetime.date(2025, 10, 31)
PHONES = ["Becky", "Dan", "Diane", "Greg", "Jim", "Joe", "Martha", "Stewart"]
#: Too few for shares of their own: the cut-offs rate them.
CHATS = ["Alma", "Boris", "Cleo", "Dora"]
AGENTS = [*PHONES, *CHATS]
NUMBERS = {name: f"M{place:03d}" for place, name in enumerate(AGENTS, start=1)}
LEADERS = {"lead.phones": ("M000", "phones"), "lead.chats": ("M100", "chats")}
CYCLE, TEMPLATE = "mixed-cycle", "mixed-review"
WEIGHTS = {"kpis": 40, "conduct": 15, "skills": 15, "record": 10, "order": 10, "standing": 10}
#: Best to worst, with the share of each.
SHARES = {"A": 25, "B": 50, "C": 25}
CUTS = {"A": 90, "B": 75, "C": 0}

CONFIGURATION = """\
sites:
  - {code: hall-1, name: {zh: 一号职场, en: Hall One}, time_zone: Asia/Shanghai}
  - {code: hall-2, name: {zh: 二号职场, en: Hall Two}, time_zone: Asia/Shanghai}
jobs:
  - {code: mixed-agent, name: {zh: 客服人员, en: Agent}}
  - {code: mixed-lead, name: {zh: 班组长, en: Team leader}}
teams:
  - {code: phones, name: {zh: 电话组, en: Phones}, site: hall-1}
  - {code: chats, name: {zh: 在线组, en: Chats}, site: hall-2}
sources:
  - {code: callog, name: {zh: 呼叫记录, en: Call log}, kind: records, mapping: MAPPING}
competencies:
  - code: problem-solving
    name: {zh: 解决问题, en: Solving problems}
    anchors:
      "1": [{zh: 直接转交，不看记录, en: Passes the case on without reading the notes}]
      "2": [{zh: 按手册逐条排查, en: Follows the manual step by step}]
      "3": [{zh: 找到根因，一次解决, en: Finds the cause and settles it the first time}]
  - code: listening
    name: {zh: 倾听, en: Listening}
    anchors:
      "1": [{zh: 打断客户, en: Interrupts the customer}]
      "2": [{zh: 听完再答, en: Lets the customer finish}]
      "3": [{zh: 复述需求并确认, en: "Says the request back and asks whether that is it"}]
behaviours:
  - {code: helps-others, name: {zh: 帮助同事, en: Helps colleagues}}
  - {code: keeps-promises, name: {zh: 按约回拨, en: Calls back as promised}}
incident_strengths:
  - {code: slight, name: {zh: 轻, en: Slight}, points: 2}
  - {code: clear, name: {zh: 明显, en: Clear}, points: 5}
cycle_templates:
  - code: mixed-review
    name: {zh: 综合考核, en: Mixed review}
    configuration:
      population: {teams: [phones, chats], jobs: [mixed-agent], sites: [], minimum_days: 1}
      components:
        - code: kpis
          method: kpi
          name: {zh: 关键指标, en: Key indicators}
          weight: 40
          kpis:
            - {kpi: satisfaction, weight: 50, scoring: attainment, target: 3.4, floor: 0, cap: 1.2}
            - {kpi: resolution_rate, weight: 30, scoring: attainment, target: 90, floor: 0, cap: 1.2}
            - {kpi: response_time, weight: 20, scoring: bands, bands: [[0, 120], [60, 100], [66, 80], [75, 50]]}
        - code: conduct
          method: rating_scale
          name: {zh: 服务行为, en: Conduct}
          weight: 15
          levels:
            - {value: 1, points: 40, name: {zh: 不足, en: Below}}
            - {value: 2, points: 80, name: {zh: 合格, en: Meets}}
            - {value: 3, points: 110, name: {zh: 优秀, en: Above}}
          items:
            - code: courtesy
              weight: 60
              name: {zh: 礼貌, en: Courtesy}
              descriptions:
                "1": {zh: 常打断客户, en: Often interrupts the customer}
                "2": {zh: 按规范服务, en: Serves as the standard says}
                "3": {zh: 常被客户表扬, en: Is often praised by customers}
            - code: patience
              weight: 40
              name: {zh: 耐心, en: Patience}
              descriptions:
                "1": {zh: 催促客户, en: Hurries the customer}
                "2": {zh: 解释清楚, en: Explains}
                "3": {zh: 反复解释不急躁, en: Explains as often as it takes}
          comment_required_at: [1]
        - code: skills
          method: bars
          name: {zh: 专业能力, en: Skills}
          weight: 15
          levels:
            - {value: 1, points: 40, name: {zh: 不足, en: Below}}
            - {value: 2, points: 80, name: {zh: 合格, en: Meets}}
            - {value: 3, points: 110, name: {zh: 优秀, en: Above}}
          items:
            - {code: solving, weight: 50, competency: problem-solving}
            - {code: listening, weight: 50, competency: listening}
          comment_required_at: []
        - {code: record, method: behaviour, name: {zh: 行为记录, en: Record}, weight: 10, start: 80, cap: 100}
        - {code: order, method: ranking, name: {zh: 组长排序, en: "Leader's order"}, weight: 10, source: ordering,
           cohort: rater, minimum_cohort: 3, scale: place, points: {lowest: 40, highest: 100}}
        - {code: standing, method: ranking, name: {zh: 组内排名, en: Standing}, weight: 10, source: components,
           components: [{code: kpis, weight: 60}, {code: skills, weight: 40}], cohort: team, minimum_cohort: 3,
           scale: percentile, points: {lowest: 0, highest: 100}}
      missing_component: renormalise
      cohort: cycle
      show_rank: true
      rating_bands:
        - {code: C, from: 0, name: {zh: 待改进, en: Needs improvement}}
        - {code: B, from: 75, name: {zh: 合格, en: Meets standard}}
        - {code: A, from: 90, name: {zh: 优秀, en: Excellent}}
      rating: {by: distribution, shares: {A: 25, B: 50, C: 25}, cohort: site, minimum_group: 5, small_group: exempt}
      bonus:
        items:
          - {code: idea, name: {zh: 合理化建议, en: Idea adopted}, minimum: 0, maximum: 3, evidence_required: false}
      red_lines:
        - {code: privacy, name: {zh: 泄露客户信息, en: Customer data disclosed}, kind: breach, cap: B}
"""


def levels_of(name: str) -> dict[tuple[str, str], int]:
    """What the leader thinks: {(component, item): level}; different enough that nobody is like another."""
    place = AGENTS.index(name)
    return {
        ("conduct", "courtesy"): 1 + place % 3,
        ("conduct", "patience"): 1 + (place + 1) % 3,
        ("skills", "solving"): 1 + (place // 2) % 3,
        ("skills", "listening"): 1 + (place // 3) % 3,
    }


#: The leaders' orders, best first; Dan and Diane share a place.
ORDERS = {
    "lead.phones": [["Becky"], ["Dan", "Diane"], ["Stewart"], ["Greg"], ["Joe"], ["Martha"], ["Jim"]],
    "lead.chats": [["Cleo"], ["Alma"], ["Dora"], ["Boris"]],
}
#: By hand from the orders: 40 + 60 x (size - place) / (size - 1), the middle place for those who share one.
ORDER_POINTS = {
    "Becky": 100.0,
    "Dan": 87.142857,
    "Diane": 87.142857,
    "Stewart": 74.285714,
    "Jim": 40.0,
    "Cleo": 100.0,
    "Alma": 80.0,
    "Dora": 60.0,
    "Boris": 40.0,
}


@dataclass(frozen=True)
class Noted:
    by: str
    about: str
    behaviour: str
    strength: str
    is_good: bool
    text: str


INCIDENTS = [
    Noted("lead.phones", "Becky", "helps-others", "clear", True, "Stayed to train two newcomers"),
    Noted("lead.phones", "Becky", "keeps-promises", "slight", False, "Called back a day late"),
    Noted("lead.phones", "Jim", "keeps-promises", "clear", False, "Three call-backs forgotten"),
    Noted("lead.chats", "Cleo", "helps-others", "slight", True, "Wrote the guide for refunds"),
]
#: 80 points at the start, 2 for a slight and 5 for a clear one.
RECORD = dict.fromkeys(AGENTS, 80.0) | {"Becky": 83.0, "Jim": 75.0, "Cleo": 82.0}


class MixedChain(Chain):
    """Configuration, people and calls as in the chain; then the mixed cycle from its launch to its release."""

    admit: Callable[[str, str], None]

    def configure(self) -> None:
        document = self.catalogue + "\n" + CONFIGURATION.replace("MAPPING", json.dumps(self.mapping))
        loaded = self.ask(
            "hr", "PUT", "configuration/", 200, body=document.encode(), content_type="application/yaml"
        )
        assert loaded["stored"] is True

    def staff(self, leader_login: str = "", first_login: str = "becky") -> None:
        rows = ["employee_number,name,login,job_code,team_code,hired_on,leads_team_code,aliases"]
        for login, (number, team) in LEADERS.items():
            rows.append(f"{number},Leader of {team.title()},{login},mixed-lead,{team},2020-01-01,{team},")
        for name in AGENTS:
            team = "phones" if name in PHONES else "chats"
            login = first_login if name == AGENTS[0] else ""
            rows.append(f"{NUMBERS[name]},{name},{login},mixed-agent,{team},2020-01-01,,{name}")
        assert self.bring("roster", "roster.csv", "\n".join(rows).encode())["state"] == "applied"

    def launch(self) -> None:
        body = {
            "code": CYCLE,
            "name_en": "Mixed review",
            "name_zh": "综合考核",
            "first_day": FIRST.isoformat(),
            "last_day": LAST.isoformat(),
            "template": TEMPLATE,
        }
        self.ask("hr", "POST", "cycles/", 201, body=body, key="mixed")
        problems = self.ask("hr", "GET", f"cycles/{CYCLE}/problems/", 200)
        errors = [each for each in rows_of(problems) if each["severity"] == "error"]
        assert errors == [], errors
        launched = self.ask("hr", "POST", f"cycles/{CYCLE}/launch/", 200, body={}, key="launch-mixed")
        assert launched["phase"] == "rating"

    def note(self) -> None:
        for noted in INCIDENTS:
            body = {
                "employee_number": NUMBERS[noted.about],
                "behaviour": noted.behaviour,
                "strength": noted.strength,
                "is_good": noted.is_good,
                "text": noted.text,
                "happened_on": "2025-10-15",
            }
            self.ask(noted.by, "POST", "incidents/", 201, body=body)
        about_others = {**body, "employee_number": NUMBERS["Becky"]}
        self.ask("lead.chats", "POST", "incidents/", 404, body=about_others)  # nobody of theirs
        own = self.ask("agent", "GET", "incidents/", 200)["results"]
        assert sorted(each["text"] for each in own) == sorted(
            each.text for each in INCIDENTS if each.about == "Becky"
        )
        late = next(each for each in own if not each["is_good"])
        answer = {"text": "The customer had asked for the next day"}
        self.ask("agent", "POST", f"incidents/{late['id']}/reply/", 201, body=answer)

    def judge(self) -> None:
        for leader, order in ORDERS.items():
            sheets = self.ask(leader, "GET", f"cycles/{CYCLE}/sheets/?limit=100", 200)["results"]
            ids = {each["employee"]["name"]: each["employee"]["id"] for each in sheets}
            own = {name for group in order for name in group}
            assert set(ids) == own
            self.seen.setdefault("ids", {}).update(ids)
            for sheet in sheets:
                self._fill(leader, sheet)
            path = f"cycles/{CYCLE}/orderings/order/"
            version = self.ask(leader, "GET", path, 200)["version"]
            places = [[ids[name] for name in group] for group in order]
            self.ask(
                leader, "PUT", path, 422, body={"version": version, "places": places[1:]}
            )  # one forgotten
            self.ask(leader, "PUT", path, 200, body={"version": version, "places": places})
            assert self.ask(leader, "POST", path + "submit/", 200)["is_submitted"] is True

    def _fill(self, leader: str, sheet: dict[str, Any]) -> None:
        wanted = {
            item: level
            for (component, item), level in levels_of(sheet["employee"]["name"]).items()
            if component == sheet["component"]
        }
        path = f"sheets/{sheet['id']}/"
        for item, level in wanted.items():
            body: dict[str, Any] = {"version": 0, "level": str(level)}
            if sheet["component"] == "conduct" and level == 1:
                body["comment"] = "Two complaints in October"
            self.ask(leader, "PUT", f"{path}judgements/{item}/", 200, body=body)
        if wanted:
            self.ask(leader, "POST", path + "submit/", 200)

    def compute(self) -> dict[str, Any]:
        self.wait(self.ask("hr", "POST", f"cycles/{CYCLE}/score/", 202)["run"])
        return self.results("hr")

    def results(self, role: str) -> dict[str, Any]:
        found = self.ask(role, "GET", f"cycles/{CYCLE}/results/?limit=100", 200)["results"]
        return {each["employee"]["name"]: each for each in found}

    def explanations(self, role: str = "hr") -> dict[str, dict[str, Any]]:
        return {
            name: self.ask(role, "GET", f"cycles/{CYCLE}/results/{each['employee']['id']}/", 200)
            for name, each in self.results(role).items()
        }


# What must be true of what was published --------------------------------------------------------------------------


def assert_recomputes(explanation: dict[str, Any]) -> None:
    """Every number of an explanation, exactly, from the explanation alone."""
    again = recompute(explanation)
    who = explanation["employee"]["name"]
    for name in ("score", "standard_error", "state", "rating", "computed_rating"):
        assert again[name] == explanation[name], (who, name)
    for name in ("rank", "percentile", "rank_low", "rank_high", "standing"):
        assert again[name] == explanation[name], (who, name)
    for component in explanation["components"]:
        answer = again["components"][component["code"]]
        assert answer["score"] == component["score"], (who, component["code"])
        assert answer["standard_error"] == component["standard_error"], (who, component["code"])
        assert answer["weight"] == component["effective_weight"], (who, component["code"])
        for ours, theirs in zip(answer["lines"], component["lines"], strict=True):
            for name in ("subject", "value", "attainment", "points", "rule"):
                assert ours[name] == theirs[name], (who, component["code"], theirs["subject"], name)


def judged_points(name: str, component: str) -> float:
    """By hand: 40, 80 or 110 points; courtesy 60 and patience 40, the two skills half each."""
    levels = levels_of(name)
    weights = {"courtesy": 0.6, "patience": 0.4, "solving": 0.5, "listening": 0.5}
    return sum(
        weights[item] * {1: 40, 2: 80, 3: 110}[level]
        for (of, item), level in levels.items()
        if of == component
    )


def assert_as_by_hand(explanation: dict[str, Any], values: dict[str, float], points: float = 0.0) -> None:
    """The same again without the product's formulas. values: the KPIs of the person from the call log's rows."""
    name = explanation["employee"]["name"]
    scores = {each["code"]: each["score"] for each in explanation["components"]}
    shown = {
        line["subject"]: line["value"]
        for each in explanation["components"]
        for line in each["lines"]
        if each["code"] == "kpis"
    }
    for code, value in values.items():
        assert math.isclose(shown[code], value, abs_tol=1e-5), (name, code)
    speed = next(
        p for edge, p in ((75, 50), (66, 80), (60, 100), (0, 120)) if values["response_time"] >= edge
    )
    by_hand = {
        "kpis": 50 * min(values["satisfaction"] / 3.4, 1.2)
        + 30 * min(values["resolution_rate"] / 90, 1.2)
        + 0.2 * speed,
        "conduct": judged_points(name, "conduct"),
        "skills": judged_points(name, "skills"),
        "record": RECORD[name],
    }
    if name in ORDER_POINTS:
        by_hand["order"] = ORDER_POINTS[name]
    for code, score in by_hand.items():
        assert math.isclose(scores[code], score, abs_tol=1e-4), (name, code)
    whole = sum(WEIGHTS[code] * score for code, score in scores.items()) / 100 + points
    assert math.isclose(explanation["score"], whole, abs_tol=1e-5), name


def ratings_by_hand(scores: dict[str, float]) -> dict[str, str]:
    """Hall One by shares: 2, 4 and 2 of eight; Hall Two has four people and is rated by the cut-offs."""
    best_first = sorted(PHONES, key=lambda name: -scores[name])
    by_share = dict(zip(best_first, "AABBBBCC", strict=True))
    return by_share | {
        name: next(band for band, cut in CUTS.items() if scores[name] >= cut) for name in CHATS
    }
