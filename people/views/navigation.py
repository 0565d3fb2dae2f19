"""What stands in the side navigation: for each role the few pages it comes for, never everything there is."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.views.addresses import address_of


class Entry(NamedTuple):
    page: str
    label: str | Promise
    icon: str
    #: The word under the icon at the foot of a phone, where a fifth of the width is all there is.
    short: str | Promise
    #: The place at the foot of a phone; what has none stays behind "More" until the others are through.
    bar: int = 9
    group: str | Promise = ""


CYCLES = Entry("reviews:cycles", _("Review cycles"), "clipboard-check", pgettext_lazy("bar", "Cycles"), 1)
KPIS = Entry("metrics:kpis", _("KPIs"), "target", pgettext_lazy("bar", "KPIs"))
QUALITY = Entry("metrics:inspections", _("Quality inspection"), "headset", pgettext_lazy("bar", "Quality"))
INCIDENTS = Entry("reviews:incidents", _("Incidents"), "notes", pgettext_lazy("bar", "Incidents"))
NUMBERS = Entry("metrics:values", _("Numbers"), "chart-line", pgettext_lazy("bar", "Numbers"))
PLANS = Entry("incentives:plans", _("Incentive plans"), "award", pgettext_lazy("bar", "Plans"))
PAYOUTS = Entry("incentives:payout_runs", _("Payouts"), "cash", pgettext_lazy("bar", "Payouts"))
PEOPLE = Entry("people:employees", _("People"), "users", pgettext_lazy("bar", "People"))
RECOGNITION = Entry("incentives:recognition", _("Recognition"), "trophy", pgettext_lazy("bar", "Praise"))
TRAIL = Entry("trail:list", _("Audit trail"), "history", pgettext_lazy("bar", "Trail"))

DATA, MONEY, STAFF = _("Data"), _("Money"), _("People and skills")

WORK: dict[str, tuple[Entry, ...]] = {
    "hr": (
        CYCLES,
        INCIDENTS,
        QUALITY._replace(bar=5),
        KPIS._replace(group=DATA),
        Entry("metrics:targets", _("Targets"), "table", pgettext_lazy("bar", "Targets"), group=DATA),
        Entry("intake:list", _("Data import"), "file-import", pgettext_lazy("bar", "Import"), 2, DATA),
        PLANS._replace(group=MONEY),
        PAYOUTS._replace(group=MONEY, bar=3),
        RECOGNITION._replace(group=MONEY),
        PEOPLE._replace(group=STAFF, bar=4),
        Entry(
            "reviews:competencies",
            _("Competencies"),
            "list-check",
            pgettext_lazy("bar", "Skills"),
            group=STAFF,
        ),
    ),
    "payroll": (
        PAYOUTS._replace(bar=1),
        Entry("incentives:accounts", _("Accounts"), "wallet", pgettext_lazy("bar", "Accounts"), 2),
        PLANS._replace(bar=3),
        PEOPLE._replace(bar=4),
    ),
    "auditor": (
        TRAIL._replace(bar=1),
        CYCLES._replace(bar=2),
        KPIS._replace(bar=4),
        QUALITY,
        PAYOUTS._replace(bar=3),
        PEOPLE,
    ),
    "inspector": (
        Entry("metrics:inspection_queue", _("My inspections"), "headset", pgettext_lazy("bar", "Queue"), 1),
        Entry(
            "metrics:inspection_agreement",
            _("Agreement"),
            "users-group",
            pgettext_lazy("bar", "Agreement"),
            2,
        ),
        INCIDENTS._replace(bar=2),
    ),
    "manager": (
        Entry("reviews:queue", _("Team"), "checklist", pgettext_lazy("bar", "Team"), 1),
        INCIDENTS._replace(bar=2),
        QUALITY,
        NUMBERS._replace(bar=3),
        PEOPLE,
    ),
}
OWN = (
    Entry("reviews:standing", _("My standing"), "gauge", pgettext_lazy("bar", "Standing"), 4),
    NUMBERS._replace(bar=7),
    QUALITY,
    Entry("incentives:statement", _("My statement"), "receipt", pgettext_lazy("bar", "Bonus"), 6),
    RECOGNITION,
)


def build_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Entries of every role that the person holds, each page once, the work before one's own affairs."""
    user = request.user
    if not user.is_authenticated or user.temporary_password_until is not None:
        return []
    items: list[dict[str, Any]] = []
    for role, entries in WORK.items():
        if user.has_role(role):
            _add(items, entries)
    if user.has_role("employee"):
        # A heading only where it divides something.
        _add(items, OWN, group=_("Mine") if items else "")
    _mark_active(items, request.path)
    return items


def _add(
    items: list[dict[str, Any]], entries: tuple[Entry, ...], *, group: str | Promise | None = None
) -> None:
    known = {item["url"] for item in items}
    for entry in entries:
        url = address_of(entry.page)
        if url and url not in known:
            items.append(
                {
                    "url": url,
                    "label": entry.label,
                    "short": entry.short,
                    "icon": entry.icon,
                    "bar": entry.bar,
                    "group": entry.group if group is None else group,
                    "active": False,
                }
            )


def _mark_active(items: list[dict[str, Any]], path: str) -> None:
    """The entry whose address is the longest beginning of this page's."""
    above = [item for item in items if path.startswith(item["url"])]
    if above:
        max(above, key=lambda item: len(item["url"]))["active"] = True
