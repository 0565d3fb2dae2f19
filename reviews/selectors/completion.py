"""How far the forms of a cycle are: teams down, components across."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Q

from people.models import Team
from reviews.methods.document import rated_components
from reviews.models import Cycle, ScoreSheet
from reviews.selectors.cycles import asked_for

SUBMITTED = ScoreSheet.State.SUBMITTED
#: Lines of a page; the least complete teams come first.
MOST_TEAMS = 200
SHADES = 4


@dataclass(frozen=True)
class Cell:
    done: int = 0
    total: int = 0

    @property
    def open(self) -> int:
        return self.total - self.done

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    @property
    def shade(self) -> int:
        """0 nothing is in, SHADES everything; in between never either of both."""
        if not self.done or not self.open:
            return SHADES if self.total and not self.open else 0
        return min(max(round(self.share * SHADES), 1), SHADES - 1)


@dataclass(frozen=True)
class TeamLine:
    team: Team
    whole: Cell
    cells: list[Cell | None] = field(
        default_factory=list
    )  # None: nobody of the team is judged by this component
    raters: int = 0  # people who still owe


def completion_lines(cycle: Cycle) -> list[TeamLine]:
    """The least complete teams first, at most MOST_TEAMS of them; cells in the order of the rated components. Three
    queries whatever the number of teams and people."""
    codes = [component["code"] for component in rated_components(cycle.configuration)]
    sheets = asked_for().filter(participant__cycle=cycle).order_by()
    rows = sheets.values_list("participant__team", "component").annotate(
        done=Count("id", filter=Q(state=SUBMITTED)), total=Count("id")
    )
    raters = dict(
        sheets.exclude(state=SUBMITTED)
        .values_list("participant__team")
        .annotate(people=Count("rater", distinct=True))
    )
    by_team: dict[int, dict[str, Cell]] = defaultdict(dict)
    for team, component, done, total in rows:
        by_team[team][component] = Cell(done, total)
    wholes = {
        team: Cell(sum(cell.done for cell in cells.values()), sum(cell.total for cell in cells.values()))
        for team, cells in by_team.items()
    }
    worst = sorted(wholes, key=lambda team: (wholes[team].share, -wholes[team].open, team))[:MOST_TEAMS]
    teams = Team.objects.in_bulk(worst)
    return [
        TeamLine(teams[team], wholes[team], [by_team[team].get(code) for code in codes], raters.get(team, 0))
        for team in worst
    ]
