"""Who may change measures, KPIs, sources and data: HR."""

from __future__ import annotations

import re

from foundation.refusals import Refusal
from people.models import User
from scoring import kpi as scoring_kpi

CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
SOURCE_CODE = re.compile(r"[a-z][a-z0-9_-]{0,59}")
#: Words that stand in addresses where a code would.
TAKEN_CODES = frozenset({"new", "check", "catalogue", "reading", "bands"})


def require_hr(actor: User | None) -> None:
    """Refusal metrics_hr_only (403). No actor at all is whoever holds the server: a command line, a first set-up."""
    if actor is not None and not actor.is_hr:
        raise Refusal("metrics_hr_only", status=403)


def is_code(code: str, form: re.Pattern[str] = CODE) -> bool:
    return form.fullmatch(code) is not None and code not in TAKEN_CODES


def is_measure_code(code: str) -> bool:
    """A code that a formula can name: small letters, and none of the formula language's own words."""
    if not is_code(code):
        return False
    try:
        scoring_kpi.parse(f"sum({code})")
    except scoring_kpi.FormulaError:
        return False
    return True
