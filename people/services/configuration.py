"""The sections sites, jobs and teams of a configuration document."""

from __future__ import annotations

from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, report_repeated
from people.models import Job, Site, Team, User
from people.services.teams import save_job, save_site, save_team

Items = list[tuple[Path, Any]]


def _items(items: Any, problems: Problems, path: Path) -> Items:
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
    return found


def _name(zh: str, en: str) -> dict[str, str]:
    return compact({"zh": zh, "en": en})


# Sites ------------------------------------------------------------------------------------------------


def load_sites(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates or changes each site; the caller's transaction is rolled back when `problems` has found anything."""
    for place, item in _items(items, problems, path):
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        zh, en = section.localized("name", required=True)
        time_zone = section.take("time_zone", str, default="Asia/Shanghai")
        section.done()
        if len(problems) == before:
            with problems.at(place):
                save_site(actor=actor, code=code, name_zh=zh, name_en=en, time_zone=time_zone)


def dump_sites() -> list[dict[str, Any]]:
    return [
        {"code": site.code, "name": _name(site.name_zh, site.name_en), "time_zone": site.time_zone}
        for site in Site.objects.order_by("code")
    ]


# Jobs -------------------------------------------------------------------------------------------------


def load_jobs(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    for place, item in _items(items, problems, path):
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        zh, en = section.localized("name", required=True)
        duties = _load_duties(
            section.take("duties", list, default=[]), problems=problems, path=(*place, "duties")
        )
        section.done()
        if len(problems) == before:
            with problems.at(place):
                save_job(actor=actor, code=code, name_zh=zh, name_en=en, duties=duties)


def _load_duties(items: Any, *, problems: Problems, path: Path) -> list[dict[str, str]]:
    duties = []
    for place, item in _items(items, problems, path):
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        zh, en = section.localized("name", required=True)
        section.done()
        duties.append({"code": code, "name_zh": zh, "name_en": en})
    return duties


def dump_jobs() -> list[dict[str, Any]]:
    return [
        compact(
            {
                "code": job.code,
                "name": _name(job.name_zh, job.name_en),
                "duties": [
                    {"code": duty["code"], "name": _name(duty.get("name_zh", ""), duty.get("name_en", ""))}
                    for duty in job.duties
                ],
            }
        )
        for job in Job.objects.order_by("code")
    ]


# Teams ------------------------------------------------------------------------------------------------


def load_teams(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Teams may stand in any order; a parent is another team of the section or one that exists."""
    waiting = []
    for place, item in _items(items, problems, path):
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        zh, en = section.localized("name", required=True)
        parent = section.take("parent", str, default="")
        site = section.take("site", str, default="")
        is_active = section.take("is_active", bool, default=True)
        section.done()
        if len(problems) == before:
            waiting.append(
                (place, code, parent, site, {"name_zh": zh, "name_en": en, "is_active": is_active})
            )
    sites = {site.code: site for site in Site.objects.all()}
    # Parents first; what is left when nothing more can go is a circle or hangs on one.
    while waiting:
        open_codes = {code for _, code, *_ in waiting}
        left = [each for each in waiting if each[2] in open_codes]
        ready = [each for each in waiting if each not in left]
        if not ready:
            for place, *_ in waiting:
                problems.add((*place, "parent"), "team_cycle")
            return
        for place, code, parent, site, values in ready:
            above = Team.objects.filter(code=parent).first() if parent else None
            if parent and above is None:
                problems.add((*place, "parent"), "team_unknown", name=parent[:60])
                continue
            if site and site not in sites:
                problems.add((*place, "site"), "site_unknown", name=site[:60])
                continue
            with problems.at(place):
                save_team(actor=actor, code=code, parent=above, site=sites.get(site), **values)
        waiting = left


def dump_teams() -> list[dict[str, Any]]:
    """Parents before their children."""
    teams = Team.objects.select_related("parent", "site")
    return [
        {
            **compact(
                {
                    "code": team.code,
                    "name": _name(team.name_zh, team.name_en),
                    "parent": team.parent.code if team.parent else "",
                    "site": team.site.code if team.site else "",
                }
            ),
            **({} if team.is_active else {"is_active": False}),
        }
        for team in sorted(teams, key=lambda team: (team.path.count("/"), team.code))
    ]
