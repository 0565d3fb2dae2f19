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
    #: The word under the icon at the foot of a phone, where a fifth of the width is all there is.
    short: str | Promise
    #: The place at the foot of a phone; what has none stays behind "More" until the others are through.
    bar: int = 9
    group: str | Promise = ""
    #: By keyword: the build of the front end finds the names in the sources so.
    icon: str = ""


CYCLES = Entry(
    "reviews:cycles", _("Review cycles"), pgettext_lazy("bar", "Cycles"), 1, icon="clipboard-check"
)
KPIS = Entry("metrics:kpis", _("KPIs"), pgettext_lazy("bar", "KPIs"), icon="target")
APPEALS = Entry("reviews:appeals", _("Appeals"), pgettext_lazy("bar", "Appeals"), icon="scale")
QUALITY = Entry(
    "metrics:inspections", _("Quality inspection"), pgettext_lazy("bar", "Quality"), icon="headset"
)
INCIDENTS = Entry("reviews:incidents", _("Incidents"), pgettext_lazy("bar", "Incidents"), icon="notes")
IMPROVEMENT = Entry(
    "reviews:improvement_plans", _("Improvement plans"), pgettext_lazy("bar", "Improve"), icon="route"
)
NUMBERS = Entry("metrics:values", _("Numbers"), pgettext_lazy("bar", "Numbers"), icon="chart-line")
PLANS = Entry("incentives:plans", _("Incentive plans"), pgettext_lazy("bar", "Plans"), icon="award")
PAYOUTS = Entry("incentives:payout_runs", _("Payouts"), pgettext_lazy("bar", "Payouts"), icon="cash")
PEOPLE = Entry("people:employees", _("People"), pgettext_lazy("bar", "People"), icon="users")
RECOGNITION = Entry("incentives:recognition", _("Recognition"), pgettext_lazy("bar", "Praise"), icon="trophy")
TRAIL = Entry("trail:list", _("Audit trail"), pgettext_lazy("bar", "Trail"), icon="history")

DATA, MONEY, STAFF = _("Data"), _("Money"), _("People and skills")

WORK: dict[str, tuple[Entry, ...]] = {
    "hr": (
        CYCLES,
        INCIDENTS,
        IMPROVEMENT,
        APPEALS,
        QUALITY._replace(bar=5),
        KPIS._replace(group=DATA),
        Entry("metrics:targets", _("Targets"), pgettext_lazy("bar", "Targets"), group=DATA, icon="table"),
        Entry("intake:list", _("Data import"), pgettext_lazy("bar", "Import"), 2, DATA, icon="file-import"),
        PLANS._replace(group=MONEY),
        PAYOUTS._replace(group=MONEY, bar=3),
        RECOGNITION._replace(group=MONEY),
        PEOPLE._replace(group=STAFF, bar=4),
        Entry(
            "reviews:competencies",
            _("Competencies"),
            pgettext_lazy("bar", "Skills"),
            group=STAFF,
            icon="list-check",
        ),
    ),
    "payroll": (
        PAYOUTS._replace(bar=1),
        Entry("incentives:accounts", _("Accounts"), pgettext_lazy("bar", "Accounts"), 2, icon="wallet"),
        PLANS._replace(bar=3),
        PEOPLE._replace(bar=4),
    ),
    "auditor": (
        TRAIL._replace(bar=1),
        CYCLES._replace(bar=2),
        KPIS._replace(bar=4),
        QUALITY,
        IMPROVEMENT,
        PAYOUTS._replace(bar=3),
        PEOPLE,
    ),
    "inspector": (
        Entry(
            "metrics:inspection_queue", _("My inspections"), pgettext_lazy("bar", "Queue"), 1, icon="headset"
        ),
        Entry(
            "metrics:inspection_agreement",
            _("Agreement"),
            pgettext_lazy("bar", "Agreement"),
            2,
            icon="users-group",
        ),
        INCIDENTS._replace(bar=2),
    ),
    "manager": (
        Entry("reviews:queue", _("Team"), pgettext_lazy("bar", "Team"), 1, icon="checklist"),
        INCIDENTS._replace(bar=2),
        IMPROVEMENT,
        QUALITY,
        NUMBERS._replace(bar=3),
        PEOPLE,
    ),
}
OWN = (
    Entry("reviews:standing", _("My standing"), pgettext_lazy("bar", "Standing"), 4, icon="gauge"),
    NUMBERS._replace(bar=7),
    QUALITY,
    Entry("incentives:statement", _("My statement"), pgettext_lazy("bar", "Bonus"), 6, icon="receipt"),
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
