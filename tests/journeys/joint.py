"""One cycle of many voices: 360, paired comparison, objectives and the scorecard of the team together with what the
leaders judge. What is configured and what everybody is to say, for the journey by REST and the one in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.journeys import mixed
from tests.journeys.chain import rows_of
from tests.journeys.mixed import AGENTS, CHATS, FIRST, LAST, LEADERS, NUMBERS, PHONES, MixedChain, levels_of

CYCLE, TEMPLATE = "joint-cycle", "joint-review"
WEIGHTS = {"card": 20, "conduct": 15, "record": 5, "pairs": 15, "voices": 25, "goals": 20}
#: Fewer raters of a group than this are never computed or shown: the chats have three peers each.
MINIMUM = 3
VOICE_ITEMS = ("helping", "clarity")

_SCALE = """\
          levels:
            - {value: 1, points: 40, name: {zh: 不足, en: Below}}
            - {value: 2, points: 80, name: {zh: 合格, en: Meets}}
            - {value: 3, points: 110, name: {zh: 优秀, en: Above}}
"""
_WORDS = """\
              descriptions:
                "1": {zh: 很少, en: Seldom}
                "2": {zh: 通常, en: Usually}
                "3": {zh: 总是, en: Always}
"""
COMPONENTS = f"""\
      components:
        - code: card
          method: scorecard
          name: {{zh: 班组计分卡, en: "Team's scorecard"}}
          weight: 20
          subject: team
          perspectives:
            - {{code: customer, name: {{zh: 客户, en: Customer}}}}
            - {{code: process, name: {{zh: 内部流程, en: Internal process}}}}
          ahp: {{matrix: [[1, 3], ["1/3", 1]]}}
          kpis:
            - {{kpi: satisfaction, perspective: customer, weight: 100, target: 3.4, cap: 1.2}}
            - {{kpi: resolution_rate, perspective: process, weight: 60, target: 90, cap: 1.2}}
            - {{kpi: response_time, perspective: process, weight: 40, target: 68, cap: 1.2}}
          links:
            - {{from: response_time, to: satisfaction, why: {{zh: 等得少更满意, en: Who waits less is content}}}}
            - {{from: resolution_rate, to: satisfaction}}
        - code: conduct
          method: rating_scale
          name: {{zh: 服务行为, en: Conduct}}
          weight: 15
{_SCALE}\
          items:
            - code: courtesy
              weight: 60
              name: {{zh: 礼貌, en: Courtesy}}
{_WORDS}\
            - code: patience
              weight: 40
              name: {{zh: 耐心, en: Patience}}
{_WORDS}\
          comment_required_at: []
        - {{code: record, method: behaviour, name: {{zh: 行为记录, en: Record}}, weight: 5, start: 80, cap: 100}}
        - code: pairs
          method: paired_comparison
          name: {{zh: 两两比较, en: In pairs}}
          weight: 15
          evidence: [{{kpi: satisfaction}}]
          cohort: rater
          minimum_cohort: 3
        - code: voices
          method: multisource
          name: {{zh: 360 度评价, en: Many voices}}
          weight: 25
          groups:
            - {{code: self, weight: 0, wanted: 1, maximum: 1}}
            - {{code: superior, weight: 40, wanted: 1, maximum: 2}}
            - {{code: peers, weight: 40, wanted: 3, maximum: 7}}
            - {{code: customers, weight: 20, wanted: 3, maximum: 5}}
          minimum_group: {MINIMUM}
          small_groups: merge
          nomination: ratee
          load_cap: 12
          link_days: 60
{_SCALE}\
          items:
            - code: helping
              weight: 50
              name: {{zh: 帮助他人, en: Helping}}
{_WORDS}\
            - code: clarity
              weight: 50
              name: {{zh: 表达清楚, en: Clarity}}
{_WORDS}\
          questions:
            - {{code: strengths, name: {{zh: 做得好的地方, en: What this person does well}}}}
        - {{code: goals, method: objectives, name: {{zh: 目标, en: Objectives}}, weight: 20, cap: 1.2}}
"""
_HEAD, _TAIL = mixed.CONFIGURATION.split("      components:\n")
CONFIGURATION = (
    _HEAD.replace("mixed-review", TEMPLATE)
    .replace("综合考核", "联合考核")
    .replace("Mixed review", "Joint review")
    + COMPONENTS
    + "      missing_component: renormalise\n"
    + _TAIL.split("      missing_component: renormalise\n")[1]
)


def leader_of(name: str) -> str:
    return "lead.phones" if name in PHONES else "lead.chats"


def login_of(name: str) -> str:
    return name.lower()


def strength_of(name: str) -> int:
    """Who is the better one of a pair, in every leader's eyes."""
    return -AGENTS.index(name)


def voice_levels(rater: str, ratee: str) -> dict[str, int]:
    """What somebody says of somebody: 1 to 3, different enough that no group is of one mind."""
    place = (sum(map(ord, rater)) + 3 * sum(map(ord, ratee))) % 7
    return {"helping": 1 + place % 3, "clarity": 1 + (place + 1) % 3}


def praise(rater: str, ratee: str) -> str:
    return f"Explains {ratee}'s cases well" if (len(rater) + len(ratee)) % 2 else ""


@dataclass(frozen=True)
class Goal:
    title: str
    weight: int
    target: float
    reached: float


def goals_of(name: str) -> list[Goal]:
    """Two objectives a person, of one key result each; what was reached follows the place in the list."""
    place = AGENTS.index(name)
    return [
        Goal("Write guides for refunds", 60, 10, 6 + place % 6),
        Goal("Train newcomers", 40, 4, 2 + place % 3),
    ]


def goal_points(name: str) -> float:
    """By hand: reached / target, at most 120 per cent, by weight."""
    return sum(goal.weight * min(goal.reached / goal.target, 1.2) for goal in goals_of(name))


class JointChain(MixedChain):
    """Configuration, people and calls as in the mixed cycle; then the joint one from its launch to its release."""

    def configure(self) -> None:
        document = self.catalogue + "\n" + CONFIGURATION.replace("MAPPING", json.dumps(self.mapping))
        loaded = self.ask(
            "hr", "PUT", "configuration/", 200, body=document.encode(), content_type="application/yaml"
        )
        assert loaded["stored"] is True

    def staff(self, leader_login: str = "", first_login: str = "") -> None:
        """Everybody can sign in: everybody is asked about others."""
        rows = ["employee_number,name,login,job_code,team_code,hired_on,leads_team_code,aliases"]
        for login, (number, team) in LEADERS.items():
            rows.append(f"{number},Leader of {team.title()},{login},mixed-lead,{team},2020-01-01,{team},")
        for name in AGENTS:
            team = "phones" if name in PHONES else "chats"
            rows.append(f"{NUMBERS[name]},{name},{login_of(name)},mixed-agent,{team},2020-01-01,,{name}")
        assert self.bring("roster", "roster.csv", "\n".join(rows).encode())["state"] == "applied"

    def launch(self) -> None:
        body = {
            "code": CYCLE,
            "name_en": "Joint review",
            "name_zh": "联合考核",
            "first_day": FIRST.isoformat(),
            "last_day": LAST.isoformat(),
            "template": TEMPLATE,
        }
        self.ask("hr", "POST", "cycles/", 201, body=body, key="joint")
        errors = [
            each
            for each in rows_of(self.ask("hr", "GET", f"cycles/{CYCLE}/problems/", 200))
            if each["severity"] == "error"
        ]
        assert errors == [], errors
        launched = self.ask(
            "hr", "POST", f"cycles/{CYCLE}/launch/", 200, body={"to_phase": "goals"}, key="launch-joint"
        )
        assert launched["phase"] == "goals"

    def to_phase(self, phase: str, reason: str = "") -> None:
        body = {"to_phase": phase, "reason": reason}
        self.ask("hr", "POST", f"cycles/{CYCLE}/phase/", 200, body=body)

    # Objectives ---------------------------------------------------------------------------------------------------

    def people(self) -> None:
        """{name: id} of everybody, as HR reads them."""
        found = self.ask("hr", "GET", "employees/?limit=100", 200)["results"]
        self.seen["ids"] = {each["name"]: each["id"] for each in found if each["name"] in AGENTS}
        assert sorted(self.seen["ids"]) == sorted(AGENTS)

    def agree(self, but: str = "") -> None:
        """Everybody but one writes and proposes the own objectives; the leader agrees to these very words."""
        path = f"cycles/{CYCLE}/objectives/"
        for name in AGENTS:
            if name == but:
                continue
            login, seen = login_of(name), []
            for goal in goals_of(name):
                result = {"title": "Counted", "start": 0, "target": goal.target}
                body = {"title": goal.title, "weight": goal.weight, "key_results": [result]}
                made = self.ask(login, "POST", path, 201, body=body)
                seen.append({"id": made["id"], "seen": made["latest_version"]["digest"]})
                self.seen.setdefault("goals", {})[name, goal.title] = made["id"]
            signed = {"employee_number": NUMBERS[name], "objectives": seen}
            leader, stranger = leader_of(name), "lead.chats" if name in PHONES else "lead.phones"
            self.ask(leader, "POST", path + "agree/", 409, body=signed)  # nobody has proposed them
            self.ask(login, "POST", path + "propose/", 200, body=signed)
            self.ask(login, "POST", path + "agree/", 409, body=signed)  # the own words, once more
            self.ask(stranger, "POST", path + "agree/", 404, body=signed)
            self.ask(leader, "POST", path + "agree/", 200, body=signed)

    def check_in(self) -> None:
        for name in AGENTS:
            for goal in goals_of(name):
                if (name, goal.title) not in self.seen["goals"]:
                    continue
                path = f"objectives/{self.seen['goals'][name, goal.title]}/"
                noted = {"confidence": 3, "values": [{"key": 1, "value": goal.reached}], "comment": "Counted"}
                self.ask(login_of(name), "POST", path + "check-ins/", 201, body=noted)
                said = {"comment": "As agreed", "version": 0}
                self.ask(login_of(name), "PUT", path + "assessment/", 200, body=said)
                self.ask(leader_of(name), "PUT", path + "assessment/", 200, body=said)

    # What the leaders judge ----------------------------------------------------------------------------------------

    def judge(self, leaders: Iterable[str] = LEADERS) -> None:
        for leader in leaders:
            sheets = self.ask(leader, "GET", f"cycles/{CYCLE}/sheets/?limit=100", 200)["results"]
            for sheet in sheets:
                self.seen.setdefault("ids", {})[sheet["employee"]["name"]] = sheet["employee"]["id"]
                if sheet["component"] == "conduct":
                    self._conduct(leader, sheet)

    def _conduct(self, leader: str, sheet: dict[str, Any]) -> None:
        path = f"sheets/{sheet['id']}/"
        for (component, item), level in levels_of(sheet["employee"]["name"]).items():
            if component == "conduct":
                body = {"version": 0, "level": str(level)}
                self.ask(leader, "PUT", f"{path}judgements/{item}/", 200, body=body)
        self.ask(leader, "POST", path + "submit/", 200)

    def compare(self, leaders: Iterable[str] = LEADERS) -> None:
        """Pair after pair as they are asked, until the order is sure enough."""
        names = {number: name for name, number in self.seen["ids"].items()}
        path = f"cycles/{CYCLE}/pairs/pairs/"
        for leader in leaders:
            form = self.ask(leader, "GET", path, 200)
            self.ask(
                leader,
                "POST",
                path + "answers/",
                422,
                body={"people": [form["next"]["left"]] * 2, "preferred": None},
            )
            for _answer in range(200):
                if form["is_enough"] or form["next"] is None:
                    break
                left, right = form["next"]["left"], form["next"]["right"]
                better = max(left, right, key=lambda pk: strength_of(names[pk]))
                body = {"people": [left, right], "preferred": better, "criterion": form["next"]["criterion"]}
                form = self.ask(leader, "POST", path + "answers/", 200, body=body)
            assert self.ask(leader, "POST", path + "submit/", 200)["is_submitted"] is True

    # 360 -----------------------------------------------------------------------------------------------------------

    def nominate(self) -> None:
        """The tree proposed peers; the leaders approve them. Becky names customers, who get a link by mail."""
        becky = self.seen["ids"]["Becky"]
        raters = f"cycles/{CYCLE}/voices/voices/raters/"
        for place in range(MINIMUM):
            named = {
                "group": "customers",
                "contact_name": f"Customer {place}",
                "contact_email": f"customer{place}@example.com",
                "language": "en",
            }
            self.ask("becky", "POST", f"{raters}{becky}/", 201, body=named)
        self.ask("dan", "POST", f"{raters}{becky}/", 404, body=named)
        for name in AGENTS:
            person = self.seen["ids"][name]
            asked = self.ask(leader_of(name), "GET", f"{raters}{person}/", 200)["raters"]
            waiting = [each["id"] for each in asked if each["state"] in ("proposed", "nominated")]
            self.ask(leader_of(name), "POST", f"{raters}{person}/decide/", 200, body={"approve": waiting})
        self.ask("becky", "POST", f"{raters}{becky}/decide/", 403, body={"approve": []})

    def answer_voices(self) -> None:
        """Everybody about everybody whom they were asked about, through their own list."""
        names = {number: name for name, number in self.seen["ids"].items()}
        said = 0
        for login in [*LEADERS, *map(login_of, AGENTS)]:
            for asked in self.ask(login, "GET", "voices/?limit=100", 200)["results"]:
                ratee = names[asked["employee"]]
                text = praise(login, ratee)
                body = {
                    "levels": voice_levels(login, ratee),
                    "texts": {"strengths": text} if text else {},
                    "version": 0,
                    "submit": True,
                }
                if asked["has_answered"]:
                    continue
                self.ask(login, "PUT", f"voices/{asked['id']}/", 200, body=body)
                said += 1
        assert said > 3 * len(AGENTS)

    def close_voices(self) -> None:
        path = f"cycles/{CYCLE}/voices/voices/do/close/"
        self.ask("lead.phones", "POST", path, 403, body={})
        closed = self.ask("hr", "POST", path, 200, body={})
        assert closed["count"] > 0
        self.ask("hr", "POST", path, 409, body={})

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


# What must be true of what was published ---------------------------------------------------------------------------


def card_points(values: dict[str, float]) -> float:
    """By hand from the team's numbers: customer 75, process 25 of which resolution 60 and speed 40."""
    customer = 100 * min(values["satisfaction"] / 3.4, 1.2)
    process = 60 * min(values["resolution_rate"] / 90, 1.2) + 40 * min(2 - values["response_time"] / 68, 1.2)
    return 0.75 * customer + 0.25 * process


def conduct_points(name: str) -> float:
    points = {1: 40, 2: 80, 3: 110}
    levels = levels_of(name)
    return 0.6 * points[levels["conduct", "courtesy"]] + 0.4 * points[levels["conduct", "patience"]]


__all__ = [
    "AGENTS",
    "CHATS",
    "CYCLE",
    "JointChain",
    "card_points",
    "conduct_points",
    "goal_points",
    "goals_of",
]
