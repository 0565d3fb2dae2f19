"""What a version of an inspection form says, checked; the same in a document, in the browser and by REST.

    fatal_cap: 0                 # the most that a call with a fatal error may score; 0: nothing
    dispute_days: 7              # how long the agent may object, days after the day of the scoring; 0: not at all
    comment_on_failed: true      # an item answered with no or the lowest level needs a comment; a fatal error always
    sections:
      - code: opening
        name: {zh: , en: }
        items:
          - {code: greeting, name: {zh: , en: }, description: {zh: , en: }, weight: 10, answers: yes_no}
          - {code: listening, name: {zh: , en: }, weight: 40, answers: scale, highest: 5, levels: {"1": {zh: , en: }},
             not_applicable: true}
    fatal_errors:
      - {code: no_verification, name: {zh: , en: }, description: {zh: , en: }}

answers: yes_no, yes_partly_no, or scale (1 to `highest`, 3 to 10). The weights make 100.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, plain_number
from foundation.refusals import Refusal

YES_NO, PARTLY, SCALE = "yes_no", "yes_partly_no", "scale"
KINDS = (YES_NO, PARTLY, SCALE)
YES, PARTLY_DONE, NO, NOT_APPLICABLE = "yes", "partly", "no", "na"
CODE = re.compile(r"[a-z][a-z0-9_-]{0,59}")
#: What stands in addresses where an item's code would.
TAKEN = frozenset({"remark", "submit"})
MAX_ITEMS, MAX_FATAL, MAX_SECTIONS = 60, 20, 20
MAX_TEXT, MAX_NAME = 600, 120
LOWEST_SCALE, HIGHEST_SCALE = 3, 10
MAX_DISPUTE_DAYS = 60


class ContentRefused(Refusal):
    """What is wrong with a form, all of it; as a refusal it is the first of them."""

    def __init__(self, problems: Problems) -> None:
        first = problems.found[0]
        super().__init__(first.code, field=first.place or None, status=422, **first.params)
        self.problems = problems


def check_content(value: Any) -> dict[str, Any]:
    """The content in its normal form; ContentRefused names everything that is wrong with it."""
    problems = Problems()
    content = read_content(value, problems=problems, path=())
    if problems:
        raise ContentRefused(problems)
    return content


def read_content(value: Any, *, problems: Problems, path: Path, extra: Sequence[str] = ()) -> dict[str, Any]:
    """The same, what is wrong going to `problems`. Keys named in `extra` are somebody else's."""
    section = Section(value, problems=problems, path=path)
    section.known += extra
    fatal_cap = section.take("fatal_cap", Decimal, default=Decimal(0))
    if not 0 <= fatal_cap < 100:
        problems.add((*path, "fatal_cap"), "inspection_fatal_cap")
    days = section.take("dispute_days", int, default=7)
    if not 0 <= days <= MAX_DISPUTE_DAYS:
        problems.add((*path, "dispute_days"), "inspection_dispute_days", limit=MAX_DISPUTE_DAYS)
    codes: dict[str, Path] = {}
    content = {
        "fatal_cap": plain_number(fatal_cap),
        "dispute_days": days,
        "comment_on_failed": section.take("comment_on_failed", bool, default=False),
        "sections": _sections(section, problems=problems, path=(*path, "sections"), codes=codes),
        "fatal_errors": _fatal_errors(section, problems=problems, path=(*path, "fatal_errors"), codes=codes),
    }
    section.done()
    if section.is_mapping:
        _check_weights(content["sections"], problems=problems, path=(*path, "sections"))
    return content


def _sections(
    section: Section, *, problems: Problems, path: Path, codes: dict[str, Path]
) -> list[dict[str, Any]]:
    found = []
    raw = section.take("sections", list, required=True, default=[])
    if len(raw) > MAX_SECTIONS:
        problems.add(path, "inspection_too_many", limit=MAX_SECTIONS)
    names: dict[str, Path] = {}
    for place, item in items_of(raw[:MAX_SECTIONS], problems=problems, path=path):
        inner = Section(item, problems=problems, path=place)
        entry = _named(inner, problems=problems, path=place, codes=names, described=False)
        items = inner.take("items", list, required=True, default=[])
        entry["items"] = [
            _item(each, problems=problems, path=where, codes=codes)
            for where, each in items_of(items[:MAX_ITEMS], problems=problems, path=(*place, "items"))
        ]
        inner.done()
        if inner.is_mapping and not items:
            problems.add((*place, "items"), "inspection_section_empty")
        found.append(entry)
    if sum(len(each["items"]) for each in found) > MAX_ITEMS:
        problems.add(path, "inspection_too_many", limit=MAX_ITEMS)
    return found


def _item(value: Any, *, problems: Problems, path: Path, codes: dict[str, Path]) -> dict[str, Any]:
    section = Section(value, problems=problems, path=path)
    entry = _named(section, problems=problems, path=path, codes=codes, described=True)
    weight = section.take("weight", Decimal, required=True, default=Decimal(0))
    if section.is_mapping and not 0 < weight <= 100:
        problems.add((*path, "weight"), "inspection_weight")
    elif weight != round(weight, 2):
        problems.add((*path, "weight"), "inspection_weight_digits")
    entry["weight"] = plain_number(weight)
    entry["answers"] = section.choice("answers", KINDS, default=YES_NO) or YES_NO
    highest = section.take("highest", int)
    if entry["answers"] == SCALE:
        highest = 5 if highest is None else highest
        if not LOWEST_SCALE <= highest <= HIGHEST_SCALE:
            problems.add((*path, "highest"), "inspection_scale", lowest=LOWEST_SCALE, highest=HIGHEST_SCALE)
            highest = 5
        entry["highest"] = highest
    elif highest is not None:
        problems.add((*path, "highest"), "inspection_highest_without_scale")
    entry["not_applicable"] = section.take("not_applicable", bool, default=False)
    entry["levels"] = _levels(section, entry, problems=problems, path=(*path, "levels"))
    section.done()
    return entry


def _levels(section: Section, entry: dict[str, Any], *, problems: Problems, path: Path) -> dict[str, Any]:
    raw = section.take("levels", dict, default={})
    inner = Section(raw, problems=problems, path=path)
    offered = [answer for answer in answers_of(entry) if answer != NOT_APPLICABLE]
    found = {}
    for answer in offered:
        zh, en = inner.localized(answer)
        _check_length(zh, en, problems=problems, path=(*path, answer), limit=MAX_TEXT)
        if zh or en:
            found[answer] = {"zh": zh, "en": en}
    inner.done()
    return found


def _fatal_errors(
    section: Section, *, problems: Problems, path: Path, codes: dict[str, Path]
) -> list[dict[str, Any]]:
    raw = section.take("fatal_errors", list, default=[])
    if len(raw) > MAX_FATAL:
        problems.add(path, "inspection_too_many", limit=MAX_FATAL)
    found = []
    for place, item in items_of(raw[:MAX_FATAL], problems=problems, path=path):
        inner = Section(item, problems=problems, path=place)
        found.append(_named(inner, problems=problems, path=place, codes=codes, described=True))
        inner.done()
    return found


def _named(
    section: Section, *, problems: Problems, path: Path, codes: dict[str, Path], described: bool
) -> dict[str, Any]:
    """Code and name, and what it means where it is something to answer."""
    code = section.take("code", str, required=True, default="")
    if code and (not CODE.fullmatch(code) or code in TAKEN):
        problems.add((*path, "code"), "inspection_code", name=code[:60])
    elif code in codes:
        problems.add((*path, "code"), "inspection_code_twice", name=code)
    codes.setdefault(code, path)
    zh, en = section.localized("name", required=True)
    _check_length(zh, en, problems=problems, path=(*path, "name"), limit=MAX_NAME)
    entry: dict[str, Any] = {"code": code, "name": {"zh": zh, "en": en}}
    if described:
        zh, en = section.localized("description")
        _check_length(zh, en, problems=problems, path=(*path, "description"), limit=MAX_TEXT)
        entry["description"] = {"zh": zh, "en": en}
    return entry


def _check_length(zh: str, en: str, *, problems: Problems, path: Path, limit: int) -> None:
    if len(zh) > limit or len(en) > limit:
        problems.add(path, "inspection_text_long", limit=limit)


def _check_weights(sections: Sequence[Mapping[str, Any]], *, problems: Problems, path: Path) -> None:
    total = sum((Decimal(str(item["weight"])) for each in sections for item in each["items"]), Decimal(0))
    if total < 100:
        problems.add(
            path, "inspection_weights_below", total=plain_number(total), left=plain_number(100 - total)
        )
    elif total > 100:
        problems.add(
            path, "inspection_weights_above", total=plain_number(total), over=plain_number(total - 100)
        )


# What an item can be answered with -----------------------------------------------------------------------------------


def answers_of(item: Mapping[str, Any]) -> list[str]:
    """The answers of an item from the best to the worst, `na` last where the form allows it."""
    kind = item.get("answers", YES_NO)
    if kind == SCALE:
        found = [str(level) for level in range(int(item["highest"]), 0, -1)]
    else:
        found = [YES, PARTLY_DONE, NO] if kind == PARTLY else [YES, NO]
    return [*found, NOT_APPLICABLE] if item.get("not_applicable") else found


def share_of(item: Mapping[str, Any], answer: str) -> float:
    """How much of the item was done, 0 to 1; nan where it does not apply."""
    if answer == NOT_APPLICABLE:
        return float("nan")
    if item.get("answers") == SCALE:
        return (int(answer) - 1) / (int(item["highest"]) - 1)
    return {YES: 1.0, PARTLY_DONE: 0.5, NO: 0.0}[answer]


def dump_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """As a document says it: what is the default is left out."""

    def named(entry: Mapping[str, Any]) -> dict[str, Any]:
        found = {"code": entry["code"], "name": compact(entry["name"])}
        return compact({**found, "description": compact(entry.get("description") or {})})

    sections = []
    for section in content["sections"]:
        items = [
            compact(
                {
                    **named(item),
                    "weight": item["weight"],
                    "answers": item["answers"],
                    "highest": item.get("highest"),
                    "not_applicable": item["not_applicable"] or None,
                    # jsonb forgets the order of keys
                    "levels": {
                        answer: compact(item["levels"][answer])
                        for answer in answers_of(item)
                        if answer in item["levels"]
                    },
                }
            )
            for item in section["items"]
        ]
        sections.append({**named(section), "items": items})
    return compact(
        {
            "fatal_cap": content["fatal_cap"],
            "dispute_days": content["dispute_days"],
            "comment_on_failed": content["comment_on_failed"],
            "sections": sections,
            "fatal_errors": [named(each) for each in content["fatal_errors"]],
        }
    )
