"""The demonstration's sign-ins: one per role, with one password that is no secret, on one's own machine only."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PASSWORD = "laurel-demo"  # noqa: S105  printed on purpose; build_demo refuses to run where LAUREL_DEMO is off

#: (login, who that is)
ACCOUNTS: list[tuple[str, str | Promise]] = [
    ("hr", _("HR: configures, launches, releases, computes payouts")),
    ("payroll", _("Payroll: approves what HR computed")),
    ("manager", _("Team leader: scores the team")),
    ("manager2", _("Team leader of another team, in English")),
    ("agent", _("Agent: sees where they stand and why")),
    ("agent2", _("Agent of another team, in English")),
    ("inspector", _("Inspector: scores sampled calls")),
    ("auditor", _("Auditor: reads everything, changes nothing")),
]


def sign_in_choices() -> list[dict[str, str | Promise]]:
    """What the sign-in page of the demonstration offers."""
    return [{"username": login, "password": PASSWORD, "role": who} for login, who in ACCOUNTS]
