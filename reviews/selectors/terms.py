"""What a person is appraised by, before anybody judges: one document in both languages, and who has confirmed it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, Subquery
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.methods.document import fingerprint
from reviews.methods.targets import has_targets, target_of
from reviews.models import Cycle, Participant, TermsReceipt
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, select_of
from reviews.selectors.explanations import facts_of

#: Phases in which a confirmation is still owed: afterwards it would confirm what is over.
ASKED_IN = (Phase.GOALS, Phase.COLLECTION, Phase.RATING)
DAYS_TO_CONFIRM = 7
MINUTES_TO_READ = 3

#: Rules that rooms above this one have for the people of a cycle: (cycle, job code) -> [{name, sentences}], each text
#: {"zh", "en"}. They are part of what is confirmed, so they come as words and not as a fragment of the page.
RuleSource = Callable[[Cycle, str], list[dict[str, Any]]]
_RULES: dict[str, RuleSource] = {}


def register_rules(code: str, source: RuleSource) -> None:
    _RULES[code] = source


def asks_for_receipt(cycle: Cycle) -> bool:
    """Cycles that were launched before there was such a choice ask for none."""
    return bool(cycle.configuration.get("acknowledge_terms", False))


def get_part_for(user: User, code: str) -> Participant:
    """The own part in a launched cycle; Http404 alike for a missing cycle and one that one does not take part in."""
    cycle = get_cycle_for(user, code)
    part = (
        Participant.objects.filter(cycle=cycle, employee=user)
        .select_related("cycle", "employee", "job", "team", "rater")
        .first()
    )
    if part is None or cycle.phase in (Phase.SETUP, Phase.CANCELLED):
        raise Http404
    return part


def terms_of(part: Participant) -> dict[str, Any]:
    """{cycle, name, first_day, last_day, job, rater, components, rating_bands, missing_component, rules}. A component
    has code, method, name, weight and lines: KPIs with the person's own target, or items with their levels in words.
    Plain JSON; one query per room that has rules."""
    cycle = part.cycle
    return {
        "cycle": cycle.code,
        "name": {"zh": cycle.name_zh, "en": cycle.name_en},
        "first_day": cycle.first_day.isoformat(),
        "last_day": cycle.last_day.isoformat(),
        "job": part.job.code,
        "components": [_component(each, part) for each in cycle.configuration["components"]],
        "rating_bands": cycle.configuration.get("rating_bands", []),
        "missing_component": cycle.configuration.get("missing_component", ""),
        "rules": [rule for code in sorted(_RULES) for rule in _RULES[code](cycle, part.job.code)],
    }


def _component(component: Mapping[str, Any], part: Participant) -> dict[str, Any]:
    return {
        "code": component["code"],
        "method": component["method"],
        "name": component.get("name", {}),
        "weight": component["weight"],
        "kpis": [_kpi(item, part) for item in component.get("kpis", []) if "version" in item],
        "items": [
            {
                "code": item["code"],
                "name": item.get("name", {}),
                "weight": item.get("weight"),
                "words": item.get("descriptions") or item.get("anchors") or {},
            }
            for item in component.get("items", [])
        ],
        "levels": component.get("levels", []),
    }


def _kpi(item: Mapping[str, Any], part: Participant) -> dict[str, Any]:
    version = item["version"]
    return {
        "code": item["kpi"],
        "name": version["name"],
        "weight": item["weight"],
        "unit": version["unit"],
        "decimals": version["decimals"],
        "direction": version["direction"],
        "scoring": item["scoring"],
        "target": target_of(item, facts_of(part)) if has_targets(item) else item["target"],
        "floor": item["floor"],
        "cap": item["cap"],
        "bands": item["bands"],
        "minimum_sample": version["minimum_sample"],
    }


def digest_of(terms: Mapping[str, Any]) -> str:
    """SHA-256 of the document: the same words, targets and rules give the same digest in either language."""
    return fingerprint(terms)


def receipt_of(part: Participant) -> TermsReceipt | None:
    """The latest confirmation of this person, whatever wording it was of."""
    return TermsReceipt.objects.filter(cycle=part.cycle_id, employee=part.employee_id).order_by("-id").first()


def is_confirmed(part: Participant, receipt: TermsReceipt | None) -> bool:
    return receipt is not None and receipt.configuration_version >= part.terms_version


def receipts(cycle: Cycle, *, confirmed: bool | None = None) -> QuerySet[Participant]:
    """Everyone of the cycle with `confirmed_at`: when the present terms were confirmed, None where they were not; or
    only those who have, or have not."""
    current = TermsReceipt.objects.filter(
        cycle=OuterRef("cycle"),
        employee=OuterRef("employee"),
        configuration_version__gte=OuterRef("terms_version"),
    )
    everyone = (
        Participant.objects.filter(cycle=cycle)
        .select_related("employee", "team")
        .annotate(
            confirmed_at=Subquery(
                current.order_by("id").values("created_at")[:1], output_field=DateTimeField()
            )
        )
    )
    return everyone if confirmed is None else everyone.filter(confirmed_at__isnull=not confirmed)


def open_receipts(cycle: Cycle) -> int | None:
    """How many have not confirmed; None where nobody is asked. One query."""
    if cycle.phase not in ASKED_IN or not asks_for_receipt(cycle):
        return None
    return _owing().filter(cycle=cycle).count()


def _owing() -> QuerySet[Participant]:
    receipt = TermsReceipt.objects.filter(
        cycle=OuterRef("cycle"),
        employee=OuterRef("employee"),
        configuration_version__gte=OuterRef("terms_version"),
    )
    return Participant.objects.filter(
        cycle__phase__in=ASKED_IN, cycle__configuration__acknowledge_terms=True
    ).exclude(Exists(receipt))


def owes_receipt(cycle: Cycle, employee_id: int) -> bool:
    """Whether the person has still to confirm the present terms; one query."""
    return _owing().filter(cycle=cycle, employee=employee_id).exists()


def confirm_by(cycle: Cycle) -> datetime.date:
    """A week after the launch or the first day, whichever is later."""
    launched = timezone.localdate(cycle.launched_at) if cycle.launched_at else cycle.first_day
    return max(launched, cycle.first_day) + datetime.timedelta(days=DAYS_TO_CONFIRM)


class TermsDuties(DutySource):
    code: ClassVar[str] = "terms"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(_owing().values_list("employee", flat=True).distinct())

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        rows = _owing().filter(employee__in=user_ids).values("employee", "cycle")
        yield select_of(rows.order_by(), "terms", "employee, cycle")

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        for row in rows:
            cycle = cycles[row.cycle]
            yield (
                row.person,
                Duty(
                    topic=topics.TERMS_OWED,
                    params={"cycle": {"zh": cycle.name_zh, "en": cycle.name_en}},
                    url=reverse("reviews:terms", args=[cycle.code]),
                    due_on=confirm_by(cycle),
                    minutes=MINUTES_TO_READ,
                ),
            )
