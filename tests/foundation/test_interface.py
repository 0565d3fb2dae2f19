"""What the frame of the pages says, in both languages; components; error pages; refused characters."""

from __future__ import annotations

import datetime
import json
import re
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation

from foundation.interface import views, wording
from foundation.interface.marks import lay_out_scale
from foundation.interface.middleware import CleanInputMiddleware
from foundation.interface.templatetags import laurel

MINUS = "\N{MINUS SIGN}"
DAY = datetime.date(2024, 11, 15)  # a Friday
MOMENT = datetime.datetime(2024, 11, 15, 2, 42, 7, tzinfo=datetime.UTC)  # 10:42:07 in Shanghai

LATE = datetime.datetime(2024, 11, 14, 17, tzinfo=datetime.UTC)  # in Shanghai the next day has begun


def both(filter_: Any, *arguments: Any) -> tuple[str, str]:
    """The English and the Chinese answer."""
    answers = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            answers.append(str(filter_(*arguments)))
    return answers[0], answers[1]


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def render(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


WORDINGS = [
    pytest.param(wording.number, (1234.5,), "1,234.5", "1,234.5", id="number keeps its decimals"),
    pytest.param(wording.number, (87.45, 1), "87.5", "87.5", id="number rounds half up"),
    pytest.param(wording.number, (Decimal("2.5"), 0), "3", "3", id="number rounds half up, not to even"),
    pytest.param(wording.number, (-3, 1), f"{MINUS}3.0", f"{MINUS}3.0", id="number has a typographic minus"),
    pytest.param(wording.number, (-0.04, 1), "0.0", "0.0", id="number has no minus zero"),
    pytest.param(wording.number, (None, 1), "", "", id="number of nothing"),
    pytest.param(wording.number, (float("nan"),), "", "", id="number of NaN"),
    pytest.param(wording.number, (float("inf"),), "", "", id="number of infinity"),
    pytest.param(wording.number, ("n/a",), "", "", id="number of text"),
    pytest.param(wording.number_short, (412300,), "412.3K", "41.2万", id="short number in 万"),
    pytest.param(wording.percent, (0.825, 1), "82.5%", "82.5%", id="percent of a share"),
    pytest.param(wording.money, (Decimal("3360"), "CNY"), "¥3,360.00", "¥3,360.00", id="yuan"),
    pytest.param(
        wording.money, (Decimal("-120.5"), "CNY"), f"{MINUS}¥120.50", f"{MINUS}¥120.50", id="yuan back"
    ),
    pytest.param(wording.money, (12, "USD"), "US$12.00", "US$12.00", id="dollars"),
    pytest.param(wording.money, (3360, "JPY"), "JP¥3,360", "JP¥3,360", id="yen is not taken for yuan"),
    pytest.param(wording.money, (None, "CNY"), "", "", id="money of nothing"),
    pytest.param(wording.date_weekday, (DAY,), "Fri 15 Nov 2024", "2024年11月15日 周五", id="date"),
    pytest.param(
        wording.date_weekday,
        (LATE,),
        "Fri 15 Nov 2024",
        "2024年11月15日 周五",
        id="date of the site's day, not of UTC's",
    ),
    pytest.param(wording.date_short, (DAY,), "15 Nov", "11月15日", id="short date"),
    pytest.param(wording.month, (DAY,), "November 2024", "2024年11月", id="month"),
    pytest.param(
        wording.date_time, (MOMENT,), "Fri 15 Nov 2024, 10:42", "2024年11月15日 周五 10:42", id="moment"
    ),
    pytest.param(wording.clock, (MOMENT,), "10:42:07", "10:42:07", id="clock"),
    pytest.param(wording.duration_seconds, (18,), "18 s", "18 秒", id="seconds"),
    pytest.param(wording.duration_seconds, (18.24,), "18.2 s", "18.2 秒", id="parts of a second"),
    pytest.param(wording.duration_seconds, (180,), "3 min", "3 分钟", id="minutes"),
    pytest.param(wording.duration_seconds, (200,), "3 min 20 s", "3 分 20 秒", id="minutes and seconds"),
    pytest.param(wording.duration_seconds, (7500,), "2 h 5 min", "2 小时 5 分钟", id="hours"),
    pytest.param(wording.duration_seconds, (59.96,), "60.0 s", "60.0 秒", id="just under a minute"),
    pytest.param(wording.duration_seconds, ("",), "", "", id="no duration"),
]


@pytest.mark.parametrize(("filter_", "arguments", "english", "chinese"), WORDINGS)
def test_wording(filter_: Any, arguments: tuple[Any, ...], english: str, chinese: str) -> None:
    assert both(filter_, *arguments) == (english, chinese)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        pytest.param(3.1, "▲ up 3.1", "▲ 上升 3.1", id="up"),
        pytest.param(-0.44, "▼ down 0.4", "▼ 下降 0.4", id="down"),
        pytest.param(0.04, "unchanged", "持平", id="rounds to nothing"),
        pytest.param(None, "", "", id="unknown"),
    ],
)
def test_change_is_said_in_a_word_too(value: float | None, english: str, chinese: str) -> None:
    assert tuple(plain(answer) for answer in both(laurel.change, value)) == (english, chinese)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        pytest.param(MOMENT - datetime.timedelta(hours=3), "3 hours ago", "3小时前", id="hours ago"),
        pytest.param(MOMENT + datetime.timedelta(days=2), "in 2 days", "2天后", id="days ahead"),
        pytest.param(MOMENT, "just now", "刚刚", id="now"),
        pytest.param(DAY, "today", "今天", id="a date, today"),
        pytest.param(DAY + datetime.timedelta(days=6), "in 6 days", "6天后", id="a date ahead"),
    ],
)
@time_machine.travel(MOMENT, tick=False)
def test_since(value: datetime.date, english: str, chinese: str) -> None:
    assert tuple(plain(answer) for answer in both(laurel.since, value)) == (english, chinese)


@time_machine.travel(MOMENT, tick=False)
def test_days_left_count_whole_days_at_the_site() -> None:
    with translation.override("en"):
        assert wording.days_left(DAY) == "due today"
        assert wording.days_left(DAY + datetime.timedelta(days=1)) == "1 day left"
        assert wording.days_left(DAY + datetime.timedelta(days=6)) == "6 days left"
        assert wording.days_left(DAY - datetime.timedelta(days=2)) == "2 days late"


def test_localized_takes_the_readers_language_and_falls_back() -> None:
    both_names = SimpleNamespace(name_zh="投诉率", name_en="Complaint rate")
    assert both(wording.localized, both_names) == ("Complaint rate", "投诉率")
    assert both(wording.localized, {"title_zh": "只有中文", "title_en": ""}, "title") == (
        "只有中文",
        "只有中文",
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("王伟", "王伟", id="two characters"),
        pytest.param("欧阳静怡", "静怡", id="the given name"),
        pytest.param("Li Na", "LN", id="Latin"),
        pytest.param("Zhang", "Z", id="one word"),
        pytest.param("", "?", id="nobody"),
    ],
)
def test_initials(name: str, shown: str) -> None:
    assert laurel.initials(name) == shown


@pytest.mark.parametrize(
    ("total", "classes"),
    [
        pytest.param(3, ["band-0", "band-3", "band-6"], id="three bands"),
        pytest.param(5, ["band-0", "band-2", "band-3", "band-5", "band-6"], id="five bands"),
        pytest.param(7, [f"band-{step}" for step in range(7)], id="seven bands"),
        pytest.param(1, ["band-6"], id="one band"),
    ],
)
def test_bands_spread_over_the_ramp_in_order(total: int, classes: list[str]) -> None:
    assert [laurel.band_class(index, total) for index in range(total)] == classes
    assert laurel.band_class(total, total) == "band-none"


def test_scale_places_bands_mark_and_interval() -> None:
    bands, mark = lay_out_scale(
        [(90, "top"), (None, "low"), (60, "middle")], score=75, low=70, high=80, minimum=50, maximum=100
    )
    assert [(band.label, band.left, band.width, band.current) for band in bands] == [
        ("low", 0, 20, False),
        ("middle", 20, 60, True),
        ("top", 80, 20, False),
    ]
    assert mark is not None
    assert (mark.position, mark.interval_left, mark.interval_width) == ("50.000%", "40.000%", "20.000%")


def test_scale_holds_a_score_beyond_its_ends() -> None:
    bands, mark = lay_out_scale([(None, "low"), (60, "middle"), (75, "good")], score=140)
    assert bands[-1].current
    assert mark is not None
    assert mark.x == 100
    assert sum(band.width for band in bands) == pytest.approx(100)
    assert lay_out_scale([]) == ([], None)


def test_query_replace_keeps_the_rest_of_the_query() -> None:
    request = RequestFactory().get("/", {"q": "王 伟", "cursor": "old"})
    assert (
        render("{% query_replace cursor='new' %}", request=request) == "?q=%E7%8E%8B+%E4%BC%9F&amp;cursor=new"
    )
    assert render("{% query_replace cursor=None %}", request=request) == "?q=%E7%8E%8B+%E4%BC%9F"


class Form(forms.Form):
    weight = forms.DecimalField(label="Weight", max_value=100, help_text="All weights make 100.")
    scope = forms.ChoiceField(widget=forms.RadioSelect, choices=[("team", "Team"), ("site", "Site")])


def test_form_field_ties_help_and_errors_to_the_control() -> None:
    with translation.override("en"):
        html = render("{% include 'components/form_field.html' %}", field=Form({"weight": "120"})["weight"])
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described is not None
    assert set(described[1].split()) == {"id_weight_helptext", "id_weight_error"}
    assert set(re.findall(r'<div class="[^"]+" id="([^"]+)"', html)) == {
        "id_weight_helptext",
        "id_weight_error",
    }
    assert 'aria-invalid="true"' in html
    assert "is-invalid" in html


def test_what_people_typed_is_escaped_in_components() -> None:
    nasty = "<script>alert(1)</script>"
    sources = (
        "{% include 'components/metric.html' with value=x label=x band=x change=1 since=x note=x %}",
        "{% include 'components/person.html' with name=x note=x %}",
        "{% include 'components/problem_list.html' with problems=problems %}",
        "{% include 'components/explain_tree.html' with node=node %}",
        "{% include 'components/chart.html' with question=x chart=chart %}",
        "{% band_scale bands score=70 label=x %}",
    )
    chart = {"kind": "bar", "labels": [nasty], "series": [{"name": nasty, "values": [1]}]}
    for source in sources:
        html = render(
            source,
            x=nasty,
            problems=[{"text": nasty, "url": "#", "action": nasty}],
            node={"label": nasty, "value": nasty, "children": [{"label": nasty, "value": 1}]},
            chart=chart,
            bands=[(None, nasty), (60, nasty)],
        )
        assert "<script>" not in html, source
        assert "alert(1)" in html or "alert" in html, source


def test_chart_carries_its_numbers_as_a_table() -> None:
    chart = {
        "kind": "line",
        "labels": ["Sep", "Oct"],
        "series": [{"name": "Me", "values": [1.25, None]}],
        "decimals": 1,
    }
    with translation.override("en"):
        html = render(
            "{% include 'components/chart.html' with question='Better?' chart=chart %}", chart=chart
        )
    assert plain(html).endswith("Show as a table Me Sep 1.3 Oct –")
    data = re.search(r'<template id="[^"]+">(.+?)</template>', html)
    assert data is not None
    assert json.loads(unescape(data[1])) == chart
    assert "<script" not in html, "htmx drops scripts of fragments, and the chart would stay empty"


@pytest.mark.parametrize("active", [True, False], ids=["running", "over"])
def test_progress_asks_again_only_while_it_runs(active: bool) -> None:
    html = render(
        "{% include 'components/progress.html' with id='r' url='/r/' active=active share=0.5 label='Scores' %}",
        active=active,
    )
    assert ("hx-trigger" in html) is active
    assert 'value="0.5"' in html


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "title"), [("en", "Style guide"), ("zh-hans", "样式指南")])
def test_styleguide_renders_without_inline_code(client: Client, language: str, title: str) -> None:
    client.cookies["django_language"] = language
    response = client.get("/styleguide/", headers={"accept-language": language})
    html = response.content.decode()
    assert response.status_code == 200
    assert f'<h1 class="page-title">{title}</h1>' in html
    # The security policy would refuse these in silence, and something would look or do wrong.
    assert not re.findall(r'\sstyle="|\son[a-z]+="|<style', html)
    assert not [
        tag
        for tag in re.findall(r"<script[^>]*>", html)
        if "src=" not in tag and "application/json" not in tag
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429])
def test_error_pages_speak_and_keep_their_status(status: int) -> None:
    request = RequestFactory().get("/somewhere/")
    with translation.override("zh-hans"):
        response = views.error_page(request, status)
    assert response.status_code == status
    assert "回到首页" in response.content.decode()


def test_errors_under_the_api_are_problem_documents() -> None:
    request = RequestFactory().get("/api/v1/nothing/")
    for response, status in (
        (views.not_found(request), 404),
        (views.forbidden(request, PermissionDenied("closed")), 403),
        (views.server_error(request), 500),
    ):
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["status"] == status


def test_server_error_page_asks_no_database() -> None:
    response = views.server_error(RequestFactory().get("/"))  # without django_db any query fails
    assert response.status_code == 500
    assert "Laurel" in response.content.decode()


CLEAN = CleanInputMiddleware(lambda request: HttpResponse("through"))
POST = RequestFactory()


def as_json(text: str) -> Any:
    return POST.post("/", data=text.encode("utf-8", "surrogatepass"), content_type="application/json")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(POST.get("/", {"q": "a\x00b"}), id="NUL in the query"),
        pytest.param(POST.get("/a%00b/"), id="NUL in the path"),
        pytest.param(POST.post("/", {"name": "a\x00"}), id="NUL in a form"),
        pytest.param(POST.post("/", {"name": "user\u202etxt"}), id="override in a form"),
        pytest.param(as_json('{"name": "a\\u0000"}'), id="NUL in JSON"),
        pytest.param(as_json('[{"a": ["\\ud800"]}]'), id="lone surrogate in JSON"),
        pytest.param(as_json('{"\\u202e": 1}'), id="override in a JSON key"),
        pytest.param(as_json('{"name": "\u202e"}'), id="override in JSON, not escaped"),
    ],
)
def test_characters_that_cannot_be_stored_are_refused(request_: Any) -> None:
    assert CLEAN(request_).status_code == 400


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(POST.get("/", {"q": "王伟 😀 é\n"}), id="query"),
        pytest.param(POST.post("/", {"name": "“引号” — 😀"}), id="form"),
        pytest.param(
            as_json('{"name": "\\ud83d\\ude00", "path": "C:\\\\u0000"}'),
            id="JSON with a pair and a backslash",
        ),
        pytest.param(as_json("{not json"), id="not JSON: the view says so"),
    ],
)
def test_ordinary_text_passes(request_: Any) -> None:
    assert CLEAN(request_).content == b"through"


WITHIN = [
    pytest.param(89.975, [75, 90], "89.9", id="below an edge stays below it"),
    pytest.param(90, [75, 90], "90.0", id="on the edge"),
    pytest.param(89.94, [75, 90], "89.9", id="an ordinary one"),
    pytest.param(90.04, [75, 90.02], "90.1", id="above an edge stays above it"),
    pytest.param(90.03, [90.02, 90.04], "90.03", id="more decimals between two near edges"),
    pytest.param(89.9999996, [90], "89.9", id="nearly there is not there"),
    pytest.param(12.25, [], "12.3", id="no edge: half up"),
    pytest.param(12.25, [None], "12.3", id="an open end is no edge"),
    pytest.param(None, [90], "", id="nothing"),
]


@pytest.mark.parametrize(("value", "edges", "expected"), WITHIN)
def test_a_score_is_never_rounded_across_a_band_edge(value: Any, edges: list[Any], expected: str) -> None:
    assert wording.number_within(value, edges) == expected
    assert laurel.score_beside(value, [{"from": edge} for edge in edges]) == expected


def test_the_scale_reads_out_what_the_page_shows() -> None:
    drawn = laurel.band_scale([(None, "B"), (90, "A")], score=89.975, low=88, high=91.04)
    assert (drawn["score"], drawn["high"]) == ("89.9", "91.0")
