"""Whom a source means: by employee number, name, alias or login, all of them without regard to case and width."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from metrics.services.cells import Cells
from people.models import User


def employees_of(column: pd.Series, key: str = "auto") -> Cells:
    """The id of the person behind each text, 0 where there is none.

    key   number, name, alias or login; auto takes the employee number first, then whoever alone has that name, alias
          or login
    Problems   employee_not_found, employee_ambiguous; an empty cell has id 0 and no problem
    Cost       a query for each kind of key that is asked for; every distinct text is looked up once.
    """
    codes, distinct = pd.factorize(column)
    spellings = [_spelling(str(text)) for text in distinct]
    first = "number" if key == "auto" else key
    found = _people_by(first)
    if key == "auto" and any(text and text not in found for text in spellings):
        others = [_people_by(kind) for kind in ("name", "alias", "login")]
    else:
        others = []

    def find(text: str) -> tuple[int, str]:
        people = found.get(text) or set().union(*(each.get(text, set()) for each in others))
        if len(people) == 1:
            return next(iter(people)), ""
        return 0, "employee_ambiguous" if people else "employee_not_found"

    answers = [(0, "") if text == "" else find(text) for text in spellings]
    ids = np.array([answer[0] for answer in answers], dtype=np.int64)
    problems = np.array([answer[1] for answer in answers], dtype=object)
    return Cells(
        pd.Series(ids[codes] if len(ids) else [], index=column.index, dtype=np.int64),
        pd.Series(problems[codes] if len(ids) else [], index=column.index, dtype=object),
    )


def _people_by(kind: str) -> dict[str, set[int]]:
    """{spelling: ids} by number, name, alias or login of everyone on the roster. One query."""
    column = {"number": "employee_number", "alias": "aliases"}.get(kind, kind)
    found: dict[str, set[int]] = {}
    people = User.objects.filter(employee_number__isnull=False).values_list("pk", column)
    for pk, written in people:
        for text in (written if isinstance(written, list) else []) if kind == "alias" else [written]:
            found.setdefault(_spelling(str(text)), set()).add(pk)
    return found


def _spelling(text: str) -> str:
    if text.isascii():  # most numbers and logins; what follows changes nothing else of them
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
