"""Whom a source means: by employee number, name, alias or login, all of them without regard to case and width."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

from foundation.bulk import copy_out
from metrics.services.cells import Cells

_PEOPLE = {
    "number": "SELECT id, employee_number AS spelling FROM people_user WHERE employee_number IS NOT NULL",
    "name": "SELECT id, name AS spelling FROM people_user WHERE employee_number IS NOT NULL",
    "login": "SELECT id, login AS spelling FROM people_user WHERE employee_number IS NOT NULL",
    "alias": "SELECT id, alias AS spelling FROM people_user, jsonb_array_elements_text(aliases) AS alias"
    " WHERE employee_number IS NOT NULL",
}


def employees_of(column: pd.Series, key: str = "auto") -> Cells:
    """The id of the person behind each text, 0 where there is none.

    key   number, name, alias or login; auto takes the employee number first, then whoever alone has that name, alias
          or login
    Problems   employee_not_found, employee_ambiguous; an empty cell has id 0 and no problem
    Cost       a query for each kind of key that is asked for; every distinct text is looked up once.
    """
    codes, distinct = pd.factorize(column)
    spellings = pd.Index([_spelling(str(text)) for text in distinct], dtype=object)
    ids, problems = _found_in(_people_by("number" if key == "auto" else key), spellings)
    unknown = problems == "employee_not_found"
    if key == "auto" and unknown.any():
        others = pd.concat([_people_by(kind) for kind in ("name", "alias", "login")], ignore_index=True)
        ids[unknown], problems[unknown] = _found_in(others.drop_duplicates(), spellings[unknown])
    return Cells(
        pd.Series(ids[codes] if len(ids) else [], index=column.index, dtype=np.int64),
        pd.Series(problems[codes] if len(ids) else [], index=column.index, dtype=object),
    )


def _found_in(
    people: pd.DataFrame, spellings: pd.Index
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """The id of each spelling and what is wrong with it, of pairs that differ; "" is nobody and no problem."""
    shared = people["spelling"].duplicated(keep=False)
    alone = people[~shared]
    place = pd.Index(alone["spelling"], dtype=object).get_indexer(spellings)
    ids = (
        np.where(place >= 0, alone["id"].to_numpy(dtype=np.int64)[place], 0)
        if len(alone)
        else np.zeros(len(spellings), dtype=np.int64)
    )
    problems = np.where(ids > 0, "", "employee_not_found").astype(object)
    if shared.any():
        problems[spellings.isin(people.loc[shared, "spelling"])] = "employee_ambiguous"
    empty = spellings == ""
    ids[empty], problems[empty] = 0, ""
    return ids, problems


def _people_by(kind: str) -> pd.DataFrame:
    """id and spelling by number, name, alias or login of everyone on the roster, each pair once. One query."""
    people = copy_out(_PEOPLE[kind])
    people["spelling"] = [_spelling(text) for text in people["spelling"]]
    return people.drop_duplicates()


def _spelling(text: str) -> str:
    if text.isascii():  # most numbers and logins; what follows changes nothing else of them
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
