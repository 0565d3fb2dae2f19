"""Whom a source means: by employee number, name, alias or login, all of them without regard to case and width."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import numpy as np
import pandas as pd

from metrics.services.cells import Cells
from people.models import User


def employees_of(column: pd.Series, key: str = "auto") -> Cells:
    """The id of the person behind each text, 0 where there is none.

    key   number, name, alias or login; auto takes the employee number first, then whoever alone has that name, alias
          or login
    Problems   employee_not_found, employee_ambiguous; an empty cell has id 0 and no problem
    Cost       one query for the roster; every distinct text is looked up once.
    """
    by: dict[str, dict[str, set[int]]] = {
        kind: defaultdict(set) for kind in ("number", "name", "alias", "login")
    }
    people = User.objects.filter(employee_number__isnull=False)
    for pk, number, name, login, aliases in people.values_list(
        "pk", "employee_number", "name", "login", "aliases"
    ):
        by["number"][_spelling(number or "")].add(pk)
        by["name"][_spelling(name)].add(pk)
        by["login"][_spelling(login)].add(pk)
        for alias in aliases if isinstance(aliases, list) else ():
            by["alias"][_spelling(str(alias))].add(pk)

    def find(text: str) -> tuple[int, str]:
        spelling = _spelling(text)
        if key != "auto":
            found = by[key].get(spelling, set())
        else:
            found = by["number"].get(spelling) or set().union(
                *(by[kind].get(spelling, set()) for kind in ("name", "alias", "login"))
            )
        if len(found) == 1:
            return next(iter(found)), ""
        return 0, "employee_ambiguous" if found else "employee_not_found"

    codes, distinct = pd.factorize(column)
    answers = [(0, "") if text == "" else find(text) for text in distinct]
    ids = np.array([answer[0] for answer in answers], dtype=np.int64)
    problems = np.array([answer[1] for answer in answers], dtype=object)
    return Cells(
        pd.Series(ids[codes] if len(ids) else [], index=column.index, dtype=np.int64),
        pd.Series(problems[codes] if len(ids) else [], index=column.index, dtype=object),
    )


def _spelling(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
