"""A statement as a file, in both languages: readable text, the same bytes each time, for whoever may see it."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from incentives.selectors.statements import history_of, statement_of
from incentives.services.statement_pdf import draw_statement, marked
from tests.cast import Cast
from tests.incentives.test_pools import BY_SCORE, pooled
from tests.incentives.world import SEPTEMBER, approved, computed, plan_of, released_cycle

pytestmark = pytest.mark.django_db


def text_of(content: bytes, encoding: str) -> str:
    """What is drawn, decoded as Latin text ("cp1252") or as what stands in the Chinese font ("utf-16-be")."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            drawn = zlib.decompress(a85decode(b"<~" + stream.strip(), adobe=True))
        except (ValueError, zlib.error):
            continue
        for part in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", drawn, re.DOTALL):
            raw = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal.group(1), 8)]), part)
            raw = re.sub(rb"\\(.)", rb"\1", raw, flags=re.DOTALL)
            found.append(raw.decode(encoding, "replace"))
    return "".join(found)


@pytest.fixture
def statement(cast: Cast):  # type: ignore[no-untyped-def]
    plan = plan_of(cast)
    september = released_cycle(cast, {cast.agent: 100.0}, code="2025-09", period=SEPTEMBER)
    approved(cast, computed(cast, plan, september))
    october = released_cycle(cast, {cast.agent: 106.0})
    approved(cast, computed(cast, plan, october))
    pool = plan_of(cast, pooled(BY_SCORE), code="pooled")
    approved(cast, computed(cast, pool, october))
    return october


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_same_bytes_each_time(cast: Cast, statement: object, language: str) -> None:
    with override(language):
        found = statement_of(cast.agent, statement)  # type: ignore[arg-type]
        assert found is not None
        first = draw_statement(found)
        assert first == draw_statement(found)
    assert first.startswith(b"%PDF-")
    assert b"STSong-Light" in first
    assert len(first) < 60_000


def test_the_numbers_stand_in_it(cast: Cast, statement: object) -> None:
    with override("en"):
        found = statement_of(cast.agent, statement)  # type: ignore[arg-type]
        assert found is not None
        text = text_of(draw_statement(found), "cp1252")
    for expected in (
        "Bonus statement",
        "2,344.00",
        "1,344.00",
        "1,000.00",
        "The last 24 months",
        "Own share",
    ):
        assert expected in text, (expected, text[:2000])


def test_the_words_stand_in_it_in_chinese(cast: Cast, statement: object) -> None:
    with override("zh-hans"):
        found = statement_of(cast.agent, statement)  # type: ignore[arg-type]
        assert found is not None
        text = text_of(draw_statement(found), "utf-16-be")
    for expected in ("奖金", cast.agent.name, "月度服务奖"):
        assert expected in text, (expected, text[:2000])


def test_chinese_is_set_in_its_own_font_and_markup_is_text() -> None:
    assert marked("得分 106 <b>") == '得分<font name="Helvetica"> 106 &lt;b&gt;</font>'
    assert marked("a\x00b\x1f") == '<font name="Helvetica">ab</font>'


def test_own_and_others(cast: Cast, statement: object, client: Client) -> None:
    client.force_login(cast.agent)
    own = client.get(reverse("incentives:statement_pdf_of_cycle", args=["2025-10"]))
    assert (own.status_code, own["Content-Type"]) == (200, "application/pdf")
    assert "statement-E0004-2025-10.pdf" in own["Content-Disposition"]
    line = cast.agent.pk
    client.force_login(cast.peer)
    assert client.get(reverse("incentives:statement_pdf_of_cycle", args=["2025-10"])).status_code == 404
    assert line


def test_the_history_covers_24_months(cast: Cast, statement: object) -> None:
    import datetime

    plan = plan_of(cast, {"steps": [{"kind": "fixed", "value": "100"}, {"kind": "rounding"}]}, code="long")
    old = (datetime.date(2023, 10, 1), datetime.date(2023, 10, 31))
    inside = (datetime.date(2023, 11, 1), datetime.date(2023, 11, 30))
    from incentives.models import PlanVersion

    PlanVersion.objects.filter(plan=plan).update(valid_from=datetime.date(2020, 1, 1))
    for code, period in (("2023-10", old), ("2023-11", inside)):
        approved(
            cast, computed(cast, plan, released_cycle(cast, {cast.agent: 100.0}, code=code, period=period))
        )
    assert [row["cycle"].code for row in history_of(cast.agent)] == ["2025-10", "2025-09", "2023-11"]
