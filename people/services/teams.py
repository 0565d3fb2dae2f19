"""Sites, jobs and the tree of teams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django.db import connection, transaction
from django.db.models import TextField, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from foundation.refusals import Refusal
from people.models import Job, Membership, Site, Team, User
from people.services.authority import require_hr

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TREE_LOCK = 7_301_001  # one mover at a time: two moves that are fine alone can make a circle together


def check_code(code: str, field: str = "code") -> str:
    if not CODE.fullmatch(code):
        raise Refusal("people_code", field=field)
    return code


def _check_names(name_zh: str, name_en: str) -> tuple[str, str]:
    zh, en = name_zh.strip(), name_en.strip()
    if not zh and not en:
        raise Refusal("people_name_missing", field="name_en")
    for text, field in ((zh, "name_zh"), (en, "name_en")):
        if len(text) > 120:
            raise Refusal("text_too_long", field=field, limit=120)
    return zh, en


@transaction.atomic
def save_site(
    *, actor: User | None, code: str, name_zh: str = "", name_en: str = "", time_zone: str = "Asia/Shanghai"
) -> Site:
    """Create or change the site with this code."""
    require_hr(actor)
    check_code(code)
    zh, en = _check_names(name_zh, name_en)
    if time_zone not in available_timezones():
        raise Refusal("people_time_zone", field="time_zone", name=time_zone[:60])
    return _save(Site, code, name_zh=zh, name_en=en, time_zone=time_zone)


@transaction.atomic
def save_job(
    *,
    actor: User | None,
    code: str,
    name_zh: str = "",
    name_en: str = "",
    duties: Sequence[dict[str, str]] = (),
) -> Job:
    """Create or change the job with this code. duties: [{code, name_zh, name_en}], codes unique within the job."""
    require_hr(actor)
    check_code(code)
    zh, en = _check_names(name_zh, name_en)
    seen: set[str] = set()
    cleaned = []
    for duty in duties:
        own = {key: str(duty.get(key) or "").strip()[:120] for key in ("code", "name_zh", "name_en")}
        if not CODE.fullmatch(own["code"]) or own["code"] in seen or not (own["name_zh"] or own["name_en"]):
            raise Refusal("people_duty", field="duties")
        seen.add(own["code"])
        cleaned.append(own)
    return _save(Job, code, name_zh=zh, name_en=en, duties=cleaned)


def _save(model: Any, code: str, **values: object) -> Any:
    """Insert, or update only when something differs: an unchanged row leaves no trace in the trail."""
    found, created = model.objects.select_for_update().get_or_create(code=code, defaults=values)
    if not created and any(getattr(found, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(found, name, value)
        found.save(update_fields=list(values))
    return found


@transaction.atomic
def save_team(
    *,
    actor: User | None,
    code: str,
    name_zh: str = "",
    name_en: str = "",
    parent: Team | None = None,
    site: Site | None = None,
    is_active: bool = True,
) -> Team:
    """Create or change the team with this code; another parent moves it with everything below.

    Refusals   team_cycle when the parent lies below the team; team_closed for a closed parent of an open team;
               team_has_members and team_has_children when an occupied team is to be closed.
    """
    require_hr(actor)
    check_code(code)
    zh, en = _check_names(name_zh, name_en)
    lock_tree()
    team = Team.objects.select_for_update().filter(code=code).first()
    if parent is not None:
        parent = Team.objects.get(pk=parent.pk)  # its path as it is under the lock
        if team is not None and parent.path.startswith(team.path):
            raise Refusal("team_cycle", field="parent")
        if is_active and not parent.is_active:
            raise Refusal("team_closed", field="parent", team=parent.name)
    values = {
        "name_zh": zh,
        "name_en": en,
        "parent_id": parent.pk if parent else None,
        "site_id": site.pk if site else None,
        "is_active": is_active,
    }
    above = parent.path if parent else "/"
    if team is None:
        team = Team.objects.create(code=code, **values)
        Team.objects.filter(pk=team.pk).update(path=f"{above}{team.pk}/")
        team.refresh_from_db()
        return team
    if team.is_active and not is_active:
        _check_empty(team)
    if any(getattr(team, name) != value for name, value in values.items()):
        path, was = f"{above}{team.pk}/", team.path
        for name, value in values.items():
            setattr(team, name, value)
        team.save(update_fields=list(values))
        if path != was:
            rest = Substr("path", len(was) + 1)
            Team.objects.filter(path__startswith=was).update(
                path=Concat(Value(path), rest, output_field=TextField())
            )
    team.refresh_from_db()
    return team


def lock_tree() -> None:
    """Held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TREE_LOCK])


def _check_empty(team: Team) -> None:
    members = Membership.objects.filter(team=team, valid__contains=timezone.localdate()).count()
    if members:
        raise Refusal("team_has_members", field="is_active", count=members)
    if team.children.filter(is_active=True).exists():
        raise Refusal("team_has_children", field="is_active")
