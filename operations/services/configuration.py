"""The whole configuration as one YAML document: loaded all or nothing, dumped so that it loads back alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from foundation.documents import Problems, read_document, write_document
from foundation.refusals import Refusal
from foundation.trail.services import recording
from incentives.services import configuration as incentives
from incentives.services import recognition_configuration as recognition
from metrics.services import configuration as metrics
from metrics.services import duty_sections as duties
from metrics.services import inspection_configuration as inspections
from metrics.services import target_sections as targets
from people.services import configuration as people
from reviews.services import configuration as reviews
from reviews.services import improvement_configuration as improvement
from reviews.services import library_configuration as library

Load = Callable[..., Any]
Dump = Callable[[], list[dict[str, Any]]]

# In the order in which sections refer to each other: a template names KPIs, a KPI names measures.
SECTIONS: dict[str, tuple[Load, Dump]] = {
    "sites": (people.load_sites, people.dump_sites),
    "jobs": (people.load_jobs, people.dump_jobs),
    "teams": (people.load_teams, people.dump_teams),
    "measures": (metrics.load_measures, metrics.dump_measures),
    "sources": (metrics.load_sources, metrics.dump_sources),
    "kpis": (metrics.load_kpis, metrics.dump_kpis),
    "inspection_forms": (inspections.load_inspection_forms, inspections.dump_inspection_forms),
    "competencies": (library.load_competencies, library.dump_competencies),
    "duties": (duties.load_duties, duties.dump_duties),
    "targets": (targets.load_targets, targets.dump_targets),
    "behaviours": (library.load_behaviours, library.dump_behaviours),
    "incident_strengths": (library.load_strengths, library.dump_strengths),
    "plan_rule": (improvement.load_plan_rule, improvement.dump_plan_rule),
    "cycle_templates": (reviews.load_cycle_templates, reviews.dump_cycle_templates),
    "incentive_plans": (incentives.load_incentive_plans, incentives.dump_incentive_plans),
    "award_kinds": (recognition.load_award_kinds, recognition.dump_award_kinds),
    "spot_budgets": (recognition.load_spot_budgets, recognition.dump_spot_budgets),
}


@dataclass
class Loaded:
    """What a load did: entries per section, or what is wrong with the document (then nothing was changed)."""

    problems: Problems
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_stored(self) -> bool:
        return not self.problems


class _Undo(Exception):
    """Leaves the transaction without keeping anything."""


def load_configuration(
    *, actor: Any, content: bytes | str, dry_run: bool = False, reason: str = ""
) -> Loaded:
    """Creates and revises what the document names; what it does not name stays as it is.

    All sections are read before anything is refused, so that one attempt shows every problem with its path. With a
    problem anywhere, or with dry_run, nothing is stored.

    Errors   Refusal document_* where the file is not readable at all, config_not_allowed for anyone but HR.
    """
    if not actor.is_hr:
        raise Refusal("config_not_allowed", status=403)
    document = read_document(content)
    if document is None:
        raise Refusal("config_empty")
    if not isinstance(document, dict):
        raise Refusal("config_not_sections")
    problems = Problems()
    counts: dict[str, int] = {}
    for name in document:
        if name not in SECTIONS:
            problems.add(
                (str(name)[:80],), "config_unknown_section", section=str(name)[:80], known=", ".join(SECTIONS)
            )
    try:
        with transaction.atomic(), recording(actor=actor, reason=reason):
            for name, (load, _dump) in SECTIONS.items():
                if name not in document:
                    continue
                items = document[name]
                if items is not None and not isinstance(items, list):
                    problems.add((name,), "config_section_not_list")
                    continue
                load(items or [], actor=actor, problems=problems, path=(name,))
                counts[name] = len(items or [])
            if problems or dry_run:
                raise _Undo
    except _Undo:
        pass
    return Loaded(problems, counts)


def dump_configuration(*, actor: Any, sections: list[str] | None = None) -> str:
    """The document that `load_configuration` reads; without the sections that are empty."""
    if not actor.has_role("hr", "auditor"):
        raise Refusal("config_not_allowed", status=403)
    for name in sections or []:
        if name not in SECTIONS:
            raise Refusal(
                "config_unknown_section", field="section", section=name[:80], known=", ".join(SECTIONS)
            )
    document = {name: dump() for name, (_load, dump) in SECTIONS.items() if not sections or name in sections}
    return write_document({name: items for name, items in document.items() if items})
