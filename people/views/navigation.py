"""What stands in the side navigation: for each role the few pages it comes for, never everything there is."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from people.views.addresses import address_of


class Entry(NamedTuple):
    page: str
    label: str | Promise
    icon: str


WORK: dict[str, tuple[Entry, ...]] = {
    "hr": (
        Entry("reviews:cycles", _("Review cycles"), icon="clipboard-check"),
        Entry("metrics:kpis", _("KPIs"), icon="target"),
        Entry("metrics:inspections", _("Quality inspection"), icon="headset"),
        Entry("reviews:incidents", _("Incidents"), icon="notes"),
        Entry("intake:list", _("Data import"), icon="file-import"),
        Entry("incentives:plans", _("Incentive plans"), icon="award"),
        Entry("incentives:payout_runs", _("Payouts"), icon="cash"),
        Entry("people:employees", _("People"), icon="users"),
        Entry("incentives:recognition", _("Recognition"), icon="trophy"),
    ),
    "payroll": (
        Entry("incentives:payout_runs", _("Payouts"), icon="cash"),
        Entry("incentives:plans", _("Incentive plans"), icon="award"),
        Entry("people:employees", _("People"), icon="users"),
    ),
    "auditor": (
        Entry("trail:list", _("Audit trail"), icon="history"),
        Entry("reviews:cycles", _("Review cycles"), icon="clipboard-check"),
        Entry("metrics:kpis", _("KPIs"), icon="target"),
        Entry("metrics:inspections", _("Quality inspection"), icon="headset"),
        Entry("incentives:payout_runs", _("Payouts"), icon="cash"),
        Entry("people:employees", _("People"), icon="users"),
    ),
    "inspector": (
        Entry("metrics:inspection_queue", _("My inspections"), icon="headset"),
        Entry("metrics:inspection_agreement", _("Agreement"), icon="users-group"),
        Entry("reviews:incidents", _("Incidents"), icon="notes"),
    ),
    "manager": (
        Entry("reviews:queue", _("Team"), icon="checklist"),
        Entry("reviews:incidents", _("Incidents"), icon="notes"),
        Entry("metrics:inspections", _("Quality inspection"), icon="headset"),
        Entry("metrics:values", _("Numbers"), icon="chart-line"),
        Entry("people:employees", _("People"), icon="users"),
    ),
}
OWN = (
    Entry("reviews:standing", _("My standing"), icon="gauge"),
    Entry("metrics:values", _("Numbers"), icon="chart-line"),
    Entry("metrics:inspections", _("Quality inspection"), icon="headset"),
    Entry("incentives:statement", _("My statement"), icon="receipt"),
    Entry("incentives:recognition", _("Recognition"), icon="trophy"),
)


def build_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Entries of every role that the person holds, each page once, the work before one's own affairs."""
    user = request.user
    if not user.is_authenticated or user.temporary_password_until is not None:
        return []
    items: list[dict[str, Any]] = []
    for role, entries in WORK.items():
        if user.has_role(role):
            _add(items, entries, group="")
    if user.has_role("employee"):
        # A heading only where it divides something.
        _add(items, OWN, group=_("Mine") if items else "")
    _mark_active(items, request.path)
    return items


def _add(items: list[dict[str, Any]], entries: tuple[Entry, ...], *, group: str | Promise) -> None:
    known = {item["url"] for item in items}
    for entry in entries:
        url = address_of(entry.page)
        if url and url not in known:
            items.append(
                {"url": url, "label": entry.label, "icon": entry.icon, "group": group, "active": False}
            )


def _mark_active(items: list[dict[str, Any]], path: str) -> None:
    """The entry whose address is the longest beginning of this page's."""
    above = [item for item in items if path.startswith(item["url"])]
    if above:
        max(above, key=lambda item: len(item["url"]))["active"] = True
