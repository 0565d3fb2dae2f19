"""Forms that raters owe, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from people.models import User
from reviews.methods.document import component_of, rated_components
from reviews.methods.paired import is_paired, pairs_expected
from reviews.methods.ranking import RankingMethod
from reviews.methods.rating_scale import COMMENT_ITEM
from reviews.models import Comparison, Cycle, Judgement, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.delegations import scored_by
from reviews.selectors.pace import DEFAULT_SECONDS, Pace, pace_of

SEES_ALL = ("hr", "auditor")
SECONDS_PER_ITEM = DEFAULT_SECONDS
SECONDS_PER_PAIR = 15
ANSWERED = Q(judgements__level__isnull=False) | Q(judgements__not_observed=True)


def visible_sheets(user: User) -> QuerySet[ScoreSheet]:
    """A rater's own forms once rating has begun, and those that somebody delegated; HR and auditors read all."""
    sheets = ScoreSheet.objects.select_related("participant__employee", "participant__cycle", "rater")
    if not user.is_authenticated or not user.may_sign_in:
        return sheets.none()
    if user.has_role(*SEES_ALL):
        return sheets
    return sheets.filter(scored_by(user)).exclude(
        Q(participant__cycle__phase__in=[Phase.SETUP, Phase.GOALS, Phase.COLLECTION, Phase.CANCELLED])
        | Q(state=ScoreSheet.State.WITHDRAWN)
    )


def get_sheet_for(user: User, sheet_id: int) -> ScoreSheet:
    """Http404 alike for a missing form and one that `user` may not see."""
    sheet = visible_sheets(user).filter(pk=sheet_id).first() if 0 < sheet_id < 2**63 else None
    if sheet is None:
        raise Http404
    return sheet


@dataclass
class OwedComponent:
    """What a rater owes in one component of one cycle."""

    cycle: Cycle
    component: Mapping[str, Any]
    sheets: int
    submitted: int
    cells_done: int
    cells_total: int
    is_order: bool = False
    seconds_per_cell: int = SECONDS_PER_ITEM
    rater: User | None = None  # in whose name, where it is not the person's own

    @property
    def open(self) -> int:
        return self.sheets - self.submitted

    @property
    def minutes_left(self) -> int:
        """Rounded up, at least one while something is to do."""
        left = (self.cells_total - self.cells_done) * self.seconds_per_cell
        return max(-(-left // 60), 1 if self.open else 0)


def sheet_rows(user: User) -> list[dict[str, Any]]:
    """Forms and how far they are, by cycle in rating, component and rater; one query."""
    rows: Iterable[Any] = (
        ScoreSheet.objects.filter(scored_by(user), participant__cycle__phase=Phase.RATING)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .values("participant__cycle", "component", "rater")
        .annotate(
            sheets=Count("id", distinct=True),
            submitted=Count("id", filter=Q(state=ScoreSheet.State.SUBMITTED), distinct=True),
            unknown=Count("id", filter=Q(ratee_unknown=True), distinct=True),
            done=Count("judgements", filter=ANSWERED),
        )
        .order_by()
    )
    return list(rows)


def sheets_owed(
    user: User,
    pace: Pace | None = None,
    *,
    rows: list[dict[str, Any]] | None = None,
    cycles: Mapping[int, Cycle] | None = None,
    delegators: Mapping[int, User] | None = None,
) -> list[OwedComponent]:
    """One entry per cycle in rating, component, and manager in whose name it is; the first due first. Four queries
    whatever the number of forms, and one more where pairs are compared; less what a caller has at hand: the rows of
    sheet_rows, their cycles, and who delegated to the person."""
    speed = pace or pace_of(user)
    rows = sheet_rows(user) if rows is None else rows
    cycles = Cycle.objects.in_bulk({row["participant__cycle"] for row in rows}) if cycles is None else cycles
    others = (
        User.objects.in_bulk({row["rater"] for row in rows} - {user.pk}) if delegators is None else delegators
    )
    owed = []
    answered = pairs_answered(
        user, {row["participant__cycle"]: cycles[row["participant__cycle"]] for row in rows}
    )
    for row in rows:
        cycle = cycles[row["participant__cycle"]]
        component = component_of(cycle.configuration, row["component"]) or {}
        if row["rater"] != user.pk and (
            is_paired(component) or component.get("method") == RankingMethod.code
        ):
            continue  # an order of people, and pairs, are the manager's own
        if is_paired(component):
            total = pairs_expected(component, row["sheets"] - row["unknown"])
            owed.append(
                OwedComponent(
                    cycle=cycle,
                    component=component,
                    sheets=1,
                    submitted=int(row["submitted"] == row["sheets"]),
                    # More answers than were expected are no more than all of them.
                    cells_done=min(answered.get((cycle.pk, row["component"]), 0), total),
                    cells_total=total,
                    seconds_per_cell=SECONDS_PER_PAIR,
                )
            )
            continue
        by_hand = component.get("method") == RankingMethod.code
        owed.append(
            OwedComponent(
                cycle=cycle,
                component=component,
                # An order of people is one thing to hand in, however many forms it is kept in.
                sheets=1 if by_hand else row["sheets"],
                submitted=int(row["submitted"] == row["sheets"]) if by_hand else row["submitted"],
                cells_done=row["done"],
                cells_total=row["sheets"] * (1 if by_hand else len(component.get("items", []))),
                is_order=by_hand,
                rater=others.get(row["rater"]),
                seconds_per_cell=speed.seconds,
            )
        )
    return sorted(owed, key=lambda each: (each.cycle.rating_due_on or each.cycle.last_day, each.cycle.pk))


def pairs_answered(user: User, cycles: Mapping[int, Cycle]) -> dict[tuple[int, str], int]:
    """{(cycle id, component): standing answers of paired comparison}; no query where no cycle has such a component."""
    asked = [
        cycle.pk
        for cycle in cycles.values()
        if any(is_paired(each) for each in cycle.configuration["components"])
    ]
    if not asked:
        return {}
    rows = Comparison.objects.standing().filter(rater=user, cycle__in=asked).values_list("cycle", "component")
    return {(cycle, code): count for cycle, code, count in rows.annotate(count=Count("id")).order_by()}


@dataclass
class GridRow:
    sheet: ScoreSheet
    judgements: dict[str, Judgement] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.sheet.state == ScoreSheet.State.DRAFT

    @property
    def comment(self) -> Judgement | None:
        return self.judgements.get(COMMENT_ITEM)


def grid_of(user: User, cycle: Cycle, component: str, rater_id: int | None = None) -> list[GridRow]:
    """The rater's forms of one component, by name: the own ones, or those of whoever delegated. Http404 where there is
    none."""
    sheets = list(
        visible_sheets(user)
        .filter(scored_by(user), participant__cycle=cycle, component=component, rater=rater_id or user.pk)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .order_by("participant__employee__name_sort", "participant__employee_id")
    )
    gridded = {each["code"] for each in rated_components(cycle.configuration) if "items" in each}
    if not sheets or component not in gridded:
        raise Http404
    rows = {sheet.pk: GridRow(sheet) for sheet in sheets}
    for judgement in Judgement.objects.filter(sheet__in=sheets).select_related("updated_by"):
        rows[judgement.sheet_id].judgements[judgement.item] = judgement
    return list(rows.values())


def judgements_of(sheet: ScoreSheet) -> dict[str, Judgement]:
    return {judgement.item: judgement for judgement in sheet.judgements.select_related("updated_by")}


def progress_of(
    user: User, cycle: Cycle, component: str, *, seconds: int = DEFAULT_SECONDS
) -> dict[str, int]:
    """{done, total, minutes_left} in people: a form counts when all its items have a level; one query."""
    items = len((component_of(cycle.configuration, component) or {}).get("items", []))
    rows = list(
        ScoreSheet.objects.filter(rater=user, participant__cycle=cycle, component=component)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .annotate(scored=Count("judgements", filter=ANSWERED))
        .values_list("scored", flat=True)
    )
    left = sum(items - min(scored, items) for scored in rows)
    return {
        "done": sum(scored >= items for scored in rows),
        "total": len(rows),
        "minutes_left": -(-left * seconds // 60),
    }
