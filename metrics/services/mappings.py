"""How the columns of a source's files are read. A mapping is plain JSON, made in the browser, by REST or in a file:

columns: {record_id: Call Id, employee: Agent, date: Date, time: Time, queue: Topic}
employee_key: auto            number, name, alias, login, or auto (number first, then whoever is unambiguous)
date_format: auto             ymd, dmy, mdy, or auto (found out from all values, asked for when ambiguous)
missing: ["-"]                words that mean that there is no value, beside the empty cell
measures:                     of records
  answered: {column: "Answered (Y/N)", type: boolean, map: {"Y": 1, "N": 0}}
  talk_seconds: {column: AvgTalkDuration, type: duration}
  calls: {type: constant, value: 1}
measures:                     of daily totals, one row per person and day ...
  answered: {column: Answered, aggregation: total}
  satisfaction: {column: CSAT, aggregation: mean, count_column: Surveys}
columns: {employee: , date: , measure: , value: , count: }     ... or one row per person, day and measure
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation.refusals import Refusal
from metrics.models import Measure, Source

EMPLOYEE_KEYS = ("auto", "number", "name", "alias", "login")
DATE_FORMATS = ("auto", "ymd", "dmy", "mdy")
TYPES = ("number", "duration", "boolean", "constant")
AGGREGATIONS = ("total", "mean")

ROLES: dict[str, dict[str, str | Promise]] = {
    Source.Kind.RECORDS: {
        "record_id": _("record id"),
        "employee": _("employee"),
        "date": _("date"),
        "time": _("time"),
        "queue": _("queue or topic"),
    },
    Source.Kind.TOTALS: {
        "employee": _("employee"),
        "date": _("date"),
        "measure": _("measure code"),
        "value": _("value"),
        "count": _("number of values"),
    },
}
REQUIRED = ("employee", "date")
MAX_MEASURES = 60
MAX_WORDS = 100

#: Words for yes and no, where a mapping does not say otherwise.
YES_NO: dict[str, float] = {
    **dict.fromkeys(("y", "yes", "true", "t", "1", "是", "有", "已", "对", "√", "✓"), 1.0),
    **dict.fromkeys(("n", "no", "false", "f", "0", "否", "无", "未", "错", "×", "✗"), 0.0),
}


def check_mapping(mapping: Any, *, kind: str, columns: Sequence[str] | None = None) -> dict[str, Any]:
    """The mapping in its normal form, defaults left out. With `columns`, every column must be one of them.

    Refusals on field `mapping`: mapping_place, mapping_role_missing, mapping_no_measure, mapping_yes_no,
    mapping_count_missing, mapping_column_missing, measure_unknown.
    """
    top = _mapping(mapping, "mapping", {"columns", "employee_key", "date_format", "missing", "measures"})
    roles = ROLES[Source.Kind(kind)]
    found = _mapping(top.get("columns") or {}, "columns", set(roles))
    for role, column in found.items():
        if isinstance(column, list):
            names = ", ".join(map(str, column))[:200]
            raise Refusal("mapping_role_twice", field="mapping", role=str(roles[role]), columns=names)
    normal: dict[str, Any] = {
        "columns": {role: _text(found[role], f"columns.{role}") for role in roles if found.get(role)}
    }
    for role in REQUIRED:
        if role not in normal["columns"]:
            raise Refusal("mapping_role_missing", field="mapping", role=str(roles[role]))
    for key, known in (("employee_key", EMPLOYEE_KEYS), ("date_format", DATE_FORMATS)):
        value = top.get(key) or "auto"
        if value not in known:
            raise Refusal("mapping_place", field="mapping", place=key)
        if value != "auto":
            normal[key] = value
    missing = top.get("missing") or []
    if not isinstance(missing, list) or len(missing) > MAX_WORDS:
        raise Refusal("mapping_place", field="mapping", place="missing")
    if missing:
        normal["missing"] = [_text(word, "missing", 40) for word in missing]
    normal["measures"] = _measures(top.get("measures") or {}, kind=kind, long=normal["columns"])
    _known_measures(normal["measures"])
    if columns is not None:
        _columns_there(normal, columns)
    return normal


def _measures(measures: Any, *, kind: str, long: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(measures, Mapping) or len(measures) > MAX_MEASURES:
        raise Refusal("mapping_place", field="mapping", place="measures")
    for code, how in measures.items():
        if isinstance(how, list):
            raise Refusal("mapping_measure_twice", field="mapping", measure=str(code)[:60])
    if kind == Source.Kind.TOTALS:
        in_rows = {"measure", "value"} & set(long)
        if len(in_rows) == 1 or (in_rows and measures):
            raise Refusal(
                "mapping_role_missing",
                field="mapping",
                role=str(ROLES[kind]["measure" if "value" in in_rows else "value"]),
            )
        if not in_rows and not measures:
            raise Refusal("mapping_no_measure", field="mapping")
        return {code: _total(measures[code], code) for code in sorted(measures, key=str)}
    if not measures:
        raise Refusal("mapping_no_measure", field="mapping")
    return {code: _reading(measures[code], code) for code in sorted(measures, key=str)}


def _reading(value: Any, code: str) -> dict[str, Any]:
    place = f"measures.{code}"
    found = _mapping(value, place, {"column", "type", "map", "value"})
    kind = found.get("type", "number")
    if kind not in TYPES:
        raise Refusal("mapping_place", field="mapping", place=f"{place}.type")
    if kind == "constant":
        return {"type": kind, "value": _number(found.get("value", 1), f"{place}.value")}
    normal: dict[str, Any] = {"column": _text(found.get("column"), f"{place}.column"), "type": kind}
    if kind == "boolean" and found.get("map"):
        words = found["map"]
        if isinstance(words, str):
            words = read_words(words, normal["column"])
        words = _mapping(words, f"{place}.map", None)
        if len(words) > MAX_WORDS:
            raise Refusal("mapping_place", field="mapping", place=f"{place}.map")
        normal["map"] = {
            str(word).strip(): _number(words[word], f"{place}.map") for word in sorted(words, key=str)
        }
    return normal


def read_words(text: str, column: str) -> dict[str, float]:
    """The meaning of words, from "Y=1, N=0" in any punctuation. Refusal mapping_yes_no."""
    words: dict[str, float] = {}
    for part in re.split(r"[,;，；、\n]+", text):
        if not part.strip():
            continue
        word, sign, value = re.sub(r"[＝：:]", "=", part).rpartition("=")
        try:
            number = float(value)
        except ValueError:
            sign = ""
            number = 0.0
        if not sign or not word.strip() or not abs(number) <= 1e12:
            raise Refusal("mapping_yes_no", field="mapping", column=column)
        words[word.strip()] = int(number) if number == int(number) else number
    return words


def _total(value: Any, code: str) -> dict[str, Any]:
    place = f"measures.{code}"
    found = _mapping(value, place, {"column", "type", "aggregation", "count_column"})
    kind, aggregation = found.get("type", "number"), found.get("aggregation", "total")
    if kind not in ("number", "duration"):
        raise Refusal("mapping_place", field="mapping", place=f"{place}.type")
    if aggregation not in AGGREGATIONS:
        raise Refusal("mapping_place", field="mapping", place=f"{place}.aggregation")
    normal: dict[str, Any] = {
        "column": _text(found.get("column"), f"{place}.column"),
        "aggregation": aggregation,
    }
    if kind != "number":
        normal["type"] = kind
    if found.get("count_column"):
        normal["count_column"] = _text(found["count_column"], f"{place}.count_column")
    elif aggregation == "mean":
        raise Refusal("mapping_count_missing", field="mapping", measure=code)
    return normal


def _mapping(value: Any, place: str, keys: set[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Refusal("mapping_place", field="mapping", place=place)
    if keys is not None:
        for key in value:
            if key not in keys:
                raise Refusal("mapping_place", field="mapping", place=f"{place}.{str(key)[:60]}")
    return value


def _text(value: Any, place: str, limit: int = 200) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > limit:
        raise Refusal("mapping_place", field="mapping", place=place)
    return value


def _number(value: Any, place: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or abs(value) > 1e12
    ):
        raise Refusal("mapping_place", field="mapping", place=place)
    return int(value) if value == int(value) else value


def _known_measures(measures: Iterable[str]) -> None:
    codes = set(measures)
    unknown = codes - set(Measure.objects.filter(code__in=codes).values_list("code", flat=True))
    if unknown:
        raise Refusal("measure_unknown", field="mapping", codes=", ".join(sorted(map(str, unknown)))[:200])


def columns_used(mapping: Mapping[str, Any]) -> list[str]:
    """The columns that a mapping reads, each once, in the order of roles and measures."""
    found = list(mapping["columns"].values())
    for how in mapping["measures"].values():
        found += [how[key] for key in ("column", "count_column") if how.get(key)]
    return list(dict.fromkeys(found))


def _columns_there(mapping: Mapping[str, Any], columns: Sequence[str]) -> None:
    for column in columns_used(mapping):
        if column not in columns:
            raise Refusal(
                "mapping_column_missing", field="mapping", column=column, columns=", ".join(columns)[:400]
            )


def mapping_digest(mapping: Mapping[str, Any], *more: str) -> str:
    """Changes with anything that changes what a file means."""
    text = json.dumps([mapping, *more], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


# A first guess ---------------------------------------------------------------------------------------------------

_ROLE_NAMES: dict[str, tuple[str, ...]] = {
    "record_id": (
        "id", "recordid", "callid", "ticketid", "sessionid", "caseid", "surveyid", "inspectionid",
        "ticketnumber",
        "编号", "记录编号", "通话编号", "工单编号", "工单号", "会话编号", "会话id", "问卷编号",
        "质检编号", "流水号", "订单号", "通话id",
    ),
    "employee": (
        "employee", "employeenumber", "employeeno", "employeeid", "agent", "agentid", "agentname",
        "agentnumber", "staff",
        "staffid", "user", "工号", "员工", "员工编号", "员工号", "客服", "客服工号", "客服姓名",
        "坐席", "座席", "坐席工号", "座席工号",
        "员工姓名", "姓名", "员工工号",
    ),
    "date": (
        "date", "day", "calldate", "createdat", "startedat", "starttime", "datetime", "timestamp",
        "日期", "通话日期", "接入日期",
        "统计日期", "服务日期", "开始时间", "创建时间", "质检日期", "接入时间",
    ),
    "time": ("time", "calltime", "timeofday", "时间", "通话时间", "时刻"),
    "queue": (
        "queue", "topic", "skill", "skillgroup", "category", "队列", "技能组", "业务", "业务类型",
        "主题", "话题", "来源队列",
    ),
    "measure": ("measure", "measurecode", "metric", "indicator", "指标", "指标代码", "数据项"),
    "value": ("value", "amount", "total", "值", "数值", "合计"),
    "count": ("n", "count", "samplesize", "样本数", "数量", "次数", "份数"),
}  # fmt: skip

_MEASURE_NAMES: dict[str, tuple[str, ...]] = {
    "answered": ("answered", "answeredyn", "isanswered", "是否接听", "接听", "已接听", "接听量"),
    "resolved": ("resolved", "resolvedyn", "isresolved", "solved", "是否解决", "解决", "已解决", "解决量"),
    "answer_seconds": (
        "speedofanswerinseconds", "speedofanswer", "answertime", "waittime", "waitingtime",
        "waitseconds", "接听秒数", "等待时长",
        "应答时长", "响应时长", "首响时长", "等待秒数",
    ),
    "talk_seconds": (
        "avgtalkduration", "talkduration", "talktime", "handletime", "handlingtime", "duration",
        "通话时长", "处理时长", "服务时长",
    ),
    "satisfaction": (
        "satisfactionrating", "satisfaction", "csat", "rating", "满意度", "满意度评分", "满意度打分",
        "评分",
    ),
    "nps_points": ("nps", "recommendation", "likelihoodtorecommend", "推荐意愿", "净推荐值", "推荐分"),
    "complaints": ("complaint", "complaints", "iscomplaint", "是否投诉", "投诉", "投诉量"),
    "inspection_score": ("inspectionscore", "qualityscore", "qascore", "得分", "质检得分", "质检分"),
    "work_hours": ("workhours", "hours", "hoursworked", "工时", "工作时长", "在岗时长"),
    "sales_amount": ("sales", "salesamount", "revenue", "销售额", "成交金额", "销售金额"),
}  # fmt: skip

#: 0-10 answers as promoters, passives and detractors.
NPS_MAP = {**{str(mark): -1 for mark in range(7)}, "7": 0, "8": 0, "9": 1, "10": 1}


def plain(text: str) -> str:
    """Spelling without case, spaces and punctuation: "Answered (Y/N)" and "answered_yn" are alike."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def guess_mapping(columns: Sequence[str], *, kind: str) -> dict[str, Any]:
    """A first mapping by the columns' names, in Chinese or English. What nobody recognises is left alone."""
    roles, taken = {}, set()
    for role in ROLES[Source.Kind(kind)]:
        for column in columns:
            if column not in taken and plain(column) in _ROLE_NAMES[role]:
                roles[role] = column
                taken.add(column)
                break
    measures: dict[str, Any] = {}
    if not {"measure", "value"} <= set(roles):
        for role in ("measure", "value", "count"):
            roles.pop(role, None)
        for column in columns:
            if column in roles.values():
                continue
            found = _measure_called(plain(column))
            if found is not None and found.code not in measures:
                measures[found.code] = guess_reading(found, column, kind=kind)
    return {"columns": roles, "measures": measures}


def guess_reading(measure: Measure, column: str, *, kind: str) -> dict[str, Any]:
    """How a column that gives this measure is probably written."""
    if kind == Source.Kind.TOTALS:
        return {"column": column, "aggregation": "total"}
    if measure.code == "nps_points":
        return {"column": column, "type": "boolean", "map": dict(NPS_MAP)}
    if measure.unit == Measure.Unit.SECONDS:
        return {"column": column, "type": "duration"}
    if measure.unit == Measure.Unit.COUNT and measure.maximum == 1:
        return {"column": column, "type": "boolean"}
    return {"column": column, "type": "number"}


def _measure_called(name: str) -> Measure | None:
    if not name:
        return None
    for measure in Measure.objects.all():
        spellings = {plain(measure.code), plain(measure.name_zh), plain(measure.name_en)}
        if name in spellings or name in _MEASURE_NAMES.get(measure.code, ()):
            return measure
    return None
