"""Gentle hints on how an objective is worded: is it measurable, has it a day, does it say what is done?

Local rules over the words, in Chinese and English; they never keep anybody from anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NO_NUMBER, NO_DAY, NO_VERB, VAGUE, MANY, SLIGHT = "no_number", "no_day", "no_verb", "vague", "many", "slight"
MOST_RESULTS, LEAST_WEIGHT = 5, 10

_NUMBER = re.compile(r"\d|[一二三四五六七八九十百千]+(?:个|次|人|项|份|%|倍|天|分钟|秒)|百分之")
_DAY = re.compile(
    r"\d{4}\s*年|\d+\s*月|\d+\s*日|[一二三四]季度|季末|年底|月底|月末|年末|本月|本季|每[天日周月]|\bQ[1-4]\b|\b20\d\d\b"
    r"|\b(?:by|until|before|within|every|each|monthly|weekly|daily)\b|\bend of\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b",
    re.IGNORECASE,
)
_VERBS_ZH = [
    "提高",
    "提升",
    "降低",
    "减少",
    "缩短",
    "增加",
    "完成",
    "建立",
    "建成",
    "达到",
    "保持",
    "培养",
    "推出",
    "上线",
    "实现",
    "优化",
    "改进",
    "改善",
    "制定",
    "编写",
    "解决",
    "处理",
    "压缩",
    "控制",
    "通过",
    "取得",
    "学会",
    "掌握",
    "开展",
    "组织",
    "清理",
    "落实",
    "覆盖",
    "带教",
    "整理",
    "签约",
    "回访",
    "确保",
    "争取",
    "让",
    "使",
    "把",
    "将",
    "做到",
    "消除",
    "稳定",
    "推动",
    "新增",
    "答复",
    "接通",
]
# In English an objective begins with what is done; a bare noun or "be" says a state.
_NOUN_START = re.compile(
    r"^(?:the|a|an|our|my|better|good|best|more|less|high|higher|low|lower|customer|customers|quality|team|be|being)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"尽量|尽可能|努力|争取|适当|适时|加强|进一步|更好|\btry\b|\bas (?:much|far|well) as possible\b|\bmore or less\b"
    r"|\bbetter\b|\bsupport\b|\bcontribute\b|\bstrive\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def hints(title: str, why: str, weight: float, results: Sequence[tuple[str, bool]]) -> list[str]:
    """Codes of what could be said more clearly, the weightiest first.

    results   (title, has a number as its target) of each key result
    """
    words = " ".join([title, why, *(text for text, _measured in results)])
    found = []
    if not any(measured for _text, measured in results) and not _NUMBER.search(words):
        found.append(NO_NUMBER)
    if not _says_what_is_done(title):
        found.append(NO_VERB)
    if _VAGUE.search(title):
        found.append(VAGUE)
    if not _DAY.search(words):
        found.append(NO_DAY)
    if len(results) > MOST_RESULTS:
        found.append(MANY)
    if 0 < weight < LEAST_WEIGHT:
        found.append(SLIGHT)
    return found


def _says_what_is_done(title: str) -> bool:
    if _CHINESE.search(title):
        return any(verb in title for verb in _VERBS_ZH)
    return not _NOUN_START.match(title.strip())
