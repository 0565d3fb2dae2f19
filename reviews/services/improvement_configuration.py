"""The section plan_rule of a configuration document: by which absolute standards plans are proposed."""

from __future__ import annotations

from typing import Any

from foundation.documents import Path, Problems, Section, items_of, plain_number
from people.models import User
from reviews.models import PlanRule
from reviews.selectors.improvement_plans import RuleOfPlans, current_rule
from reviews.services.improvement_proposals import save_plan_rule


def load_plan_rule(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """A list of one entry, like every section; one that says the same already is left alone."""
    known = current_rule()
    for number, (place, item) in enumerate(items_of(items, problems=problems, path=path)):
        before = len(problems)
        if number:
            problems.add(place, "cycle_list_too_long", limit=1)
            return
        section = Section(item, problems=problems, path=place)
        wanted = RuleOfPlans(
            score_below=section.take("score_below", float, default=known.score_below),
            points_below=section.take("points_below", float, default=known.points_below),
            score_from=section.take("score_from", float, default=known.score_from),
            answer_days=section.take("answer_days", int, default=known.answer_days),
        )
        section.done()
        if len(problems) == before and wanted != known:
            with problems.at(place):
                save_plan_rule(actor=actor, **vars(wanted))


def dump_plan_rule() -> list[dict[str, Any]]:
    """Empty until HR has said something: then what the product starts with holds."""
    if not PlanRule.objects.exists():
        return []
    rule = current_rule()
    return [
        {
            "score_below": plain_number(rule.score_below),
            "points_below": plain_number(rule.points_below),
            "score_from": plain_number(rule.score_from),
            "answer_days": rule.answer_days,
        }
    ]
