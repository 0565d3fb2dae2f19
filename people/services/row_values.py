"""What stands in the cells of a file about people, read as dates and names. Each reader gives a value or a Refusal."""

from __future__ import annotations

import datetime
import re
import unicodedata

from foundation.refusals import Refusal
from people.models import User
from people.services.days import check_day

_DATE = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]00:00(?::00(?:\.0+)?)?)?"
)
_LANGUAGES = {
    "zh": User.Language.CHINESE,
    "zh-hans": User.Language.CHINESE,
    "zh-cn": User.Language.CHINESE,
    "zh_cn": User.Language.CHINESE,
    "中文": User.Language.CHINESE,
    "简体中文": User.Language.CHINESE,
    "chinese": User.Language.CHINESE,
    "en": User.Language.ENGLISH,
    "en-us": User.Language.ENGLISH,
    "en-gb": User.Language.ENGLISH,
    "英文": User.Language.ENGLISH,
    "英语": User.Language.ENGLISH,
    "english": User.Language.ENGLISH,
}


def cell(value: object) -> str:
    """The text of a cell, NFKC for full-width digits, without blanks around; missing is ""."""
    if value is None or value != value:  # NaN is not equal to itself
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip()


def read_date(text: str) -> datetime.date:
    """2025-10-31, 2025/10/31, 2025.10.31, 20251031, 2025年10月31日, each also with a midnight behind it."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise Refusal("row_date")
    year, month, day, compact_month, compact_day = found.groups()
    try:
        date = datetime.date(int(year), int(month or compact_month), int(day or compact_day))
    except ValueError as error:
        raise Refusal("row_date") from error
    return check_day(date, "")


def read_language(text: str) -> str:
    found = _LANGUAGES.get(text.casefold())
    if found is None:
        raise Refusal("language_unknown")
    return str(found)


def read_list(text: str) -> list[str]:
    """Names divided by commas, semicolons, bars or line ends, also the Chinese ones."""
    return [part.strip() for part in re.split("[,;|\n\uff0c\uff1b\u3001]", text) if part.strip()]
