"""The section incentive_plans of a configuration document."""

from __future__ import annotations

from datetime import date
from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, report_repeated
from incentives.models import IncentivePlan
from incentives.services.plans import create_plan, revise_plan, update_plan
from incentives.steps import configuration as configurations
from people.models import User


def load_incentive_plans(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates or updates each plan and its versions; what is the same already is left alone.

    The caller's transaction is rolled back when `problems` has found anything.
    """
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
    for place, item in found:
        _load_plan(item, actor=actor, problems=problems, path=place)


def _load_plan(item: Any, *, actor: User, problems: Problems, path: Path) -> None:
    before = len(problems)
    section = Section(item, problems=problems, path=path)
    code = section.take("code", str, required=True, default="")
    name_zh, name_en = section.localized("name", required=True)
    currency = section.take("currency", str, default="CNY")
    is_active = section.take("is_active", bool, default=True)
    versions = items_of(
        section.take("versions", list, required=True, default=[]), problems=problems, path=(*path, "versions")
    )
    section.done()
    ready = []
    for place, version in versions:
        inner = Section(version, problems=problems, path=place)
        valid_from = inner.take("valid_from", date, required=True)
        configuration = compact(
            {
                "eligibility": inner.take("eligibility", dict),
                "frequency": inner.take("frequency", str),
                "steps": inner.take("steps", list, required=True),
            }
        )
        inner.done()
        if inner.is_mapping and "steps" in configuration:
            configuration = configurations.normal(configuration)
            for problem in configurations.problems(configuration, currency=currency):
                base = path if problem.path == ("currency",) else place
                problems.add((*base, *problem.path), problem.code, **problem.params)
        if valid_from is not None:
            ready.append((place, valid_from, configuration))
    report_repeated(
        [(place, day) for place, day, _ in ready], problems=problems, key=lambda day: day, name="valid_from"
    )
    if versions == [] and len(problems) == before:
        problems.add((*path, "versions"), "plan_no_version")
    if len(problems) > before:
        return
    ready.sort(key=lambda each: each[1])
    with problems.at(path):
        plan = IncentivePlan.objects.filter(code=code).first()
        if plan is None:
            place, day, configuration = ready.pop(0)
            plan = create_plan(
                actor=actor,
                code=code,
                name_zh=name_zh,
                name_en=name_en,
                currency=currency,
                is_active=is_active,
                valid_from=day,
                configuration=configuration,
            )
        elif (plan.name_zh, plan.name_en, plan.currency, plan.is_active) != (
            name_zh,
            name_en,
            currency,
            is_active,
        ):
            plan = update_plan(
                actor=actor,
                plan=plan,
                name_zh=name_zh,
                name_en=name_en,
                currency=currency,
                is_active=is_active,
            )
    for place, day, configuration in ready:
        if len(problems) > before:
            return
        with problems.at(place):
            revise_plan(actor=actor, plan=plan, valid_from=day, configuration=configuration)


def dump_incentive_plans() -> list[dict[str, Any]]:
    """Every plan with its versions, oldest first; loading it again changes nothing."""
    answer = []
    for plan in IncentivePlan.objects.prefetch_related("versions").order_by("code"):
        versions = sorted(plan.versions.all(), key=lambda version: version.valid_from)
        answer.append(
            {
                "code": plan.code,
                "name": compact({"zh": plan.name_zh, "en": plan.name_en}),
                "currency": plan.currency,
                "is_active": plan.is_active,
                "versions": [
                    {
                        "valid_from": version.valid_from,
                        **compact(
                            {
                                "eligibility": version.configuration.get("eligibility"),
                                "frequency": version.configuration.get("frequency"),
                            }
                        ),
                        "steps": version.configuration["steps"],
                    }
                    for version in versions
                ],
            }
        )
    return answer
