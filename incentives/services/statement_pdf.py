"""A statement as PDF, in the reader's language. Needs no font file: Chinese is set in a font that every reader brings.

The same statement in the same language has the same bytes.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Table, TableStyle

from foundation.interface.wording import date_short, date_weekday, money, month, number
from incentives.selectors.recoveries import Schedule
from incentives.selectors.statements import Statement, StatementLine

CHINESE, LATIN, LATIN_BOLD = "STSong-Light", "Helvetica", "Helvetica-Bold"
MARGIN = 18 * mm
PADDING = 6  # of the frame that platypus sets text in
WIDTH = A4[0] - 2 * MARGIN - 2 * PADDING
RULE = colors.HexColor("#c9ced6")
QUIET = colors.HexColor("#5b6472")
# What Helvetica has a glyph for; all else is set in the Chinese font.
_LATIN_RUN = re.compile(r"[\x20-\x7e\xa0-\xff–—‘’“”…€]+")


@lru_cache(maxsize=1)
def _fonts() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(name, fontName=CHINESE, fontSize=size, leading=size * 1.5, wordWrap="CJK", **more)


TITLE = _style("title", 18, spaceAfter=2 * mm)
LARGE = _style("large", 22, spaceBefore=2 * mm, spaceAfter=3 * mm)
HEAD = _style("head", 12, spaceBefore=5 * mm, spaceAfter=1.5 * mm)
TEXT = _style("text", 9.5)
QUIET_TEXT = _style("quiet", 9, textColor=QUIET)
NUMBER = _style("number", 9.5, alignment=TA_RIGHT)


def marked(text: Any, *, bold: bool = False) -> str:
    """Text for a paragraph: Latin runs in Helvetica, the rest in the Chinese font."""
    latin = LATIN_BOLD if bold else LATIN
    return _LATIN_RUN.sub(
        lambda run: f'<font name="{latin}">{escape(run.group())}</font>', _without_markup(str(text))
    )


def _without_markup(text: str) -> str:
    """Signs that would be markup outside a Latin run cannot occur: they are all Latin. Controls are dropped."""
    return "".join(sign for sign in text if sign >= " ")


def draw_statement(statement: Statement) -> bytes:
    """The bytes of the file. Rights are the caller's business."""
    _fonts()
    stream = io.BytesIO()
    title = _("Bonus statement")
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=22 * mm,
        title=f"{title} {statement.cycle.code}",
        author="Laurel",
        invariant=1,
    )
    story: list[Any] = [
        Paragraph(marked(title, bold=True), TITLE),
        Paragraph(marked(_subtitle(statement)), QUIET_TEXT),
    ]
    story.append(Paragraph(marked(money(statement.total, statement.currency), bold=True), LARGE))
    story.append(_facts(statement))
    story.extend(_plan(item) for item in statement.lines)
    story.extend(_clawback(schedule) for schedule in statement.clawbacks)
    if len(statement.history) > 1:
        story.append(Paragraph(marked(_("The last 24 months"), bold=True), HEAD))
        story.append(
            _table(
                [
                    [row["cycle"].name, money(row["amount"], row["currency"] or statement.currency)]
                    for row in statement.history
                ]
            )
        )
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return stream.getvalue()


def _subtitle(statement: Statement) -> str:
    person, cycle = statement.employee, statement.cycle
    return " · ".join(
        part
        for part in (
            f"{person.name} {person.employee_number or ''}".strip(),
            str(cycle.name),
            f"{date_weekday(cycle.first_day)} – {date_weekday(cycle.last_day)}",
        )
        if part
    )


def _facts(statement: Statement) -> Table:
    year = statement.cycle.last_day.year
    rows = [
        [_("Bonus of this cycle"), money(statement.total, statement.currency)],
        [_("So far in %(year)s") % {"year": year}, money(statement.year_to_date, statement.currency)],
    ]
    if statement.one_more_point is not None:
        rows.append([_("One more point pays"), money(statement.one_more_point, statement.currency)])
    return _table(rows)


def _plan(item: StatementLine) -> KeepTogether:
    run = item.line.payout_run
    title = run.plan.name
    if run.kind == "adjusting":
        title = f"{title} · {_('correction')}"
    parts: list[Any] = [Paragraph(marked(title, bold=True), HEAD)]
    if item.steps:
        rows = [[step.text, number(step.amount, 2)] for step in item.steps]
        rows.append([_("Amount"), money(item.line.amount, item.line.currency)])
        parts.append(_table(rows, total=True))
    notes = []
    if item.paid_on:
        notes.append(_("Paid on %(day)s.") % {"day": date_weekday(item.paid_on)})
    if not item.is_paid:
        notes.append(_("Not paid: %(why)s.") % {"why": item.status_text})
    elif run.kind == "adjusting":
        notes.append(
            _("Before it was %(before)s; the difference is %(difference)s.")
            % {
                "before": money(item.line.standing, item.line.currency),
                "difference": money(item.booked, item.line.currency),
            }
        )
    parts.extend(Paragraph(marked(note), TEXT) for note in notes)
    return KeepTogether(parts)


def _clawback(schedule: Schedule) -> KeepTogether:
    """Month by month: what was deducted, what is still to come, and the rest."""
    clawback = schedule.clawback
    rows = []
    for part in schedule.parts:
        if part.recovered is None:
            text = _("%(month)s, still to be deducted") % {"month": month(part.month)}
        else:
            text = _("%(month)s, deducted on %(day)s") % {
                "month": month(part.month),
                "day": date_short(part.recovered_on),
            }
        amount = part.asked if part.recovered is None else part.recovered
        rows.append([text, money(amount, clawback.currency)])
    rows.append([_("Still to be deducted"), money(schedule.left, clawback.currency)])
    heading = _("Clawback of %(amount)s") % {"amount": money(clawback.amount, clawback.currency)}
    return KeepTogether(
        [
            Paragraph(marked(heading, bold=True), HEAD),
            Paragraph(marked(clawback.reason), TEXT),
            _table(rows, total=True),
        ]
    )


def _table(rows: list[list[Any]], *, total: bool = False) -> Table:
    last = len(rows) - 1
    cells = [
        [
            Paragraph(marked(text, bold=total and place == last), TEXT),
            Paragraph(marked(amount, bold=total and place == last), NUMBER),
        ]
        for place, (text, amount) in enumerate(rows)
    ]
    table = Table(cells, colWidths=[WIDTH - 42 * mm, 42 * mm], spaceBefore=1 * mm, spaceAfter=1 * mm)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _foot(canvas: Canvas, document: Any) -> None:
    canvas.saveState()
    foot = Paragraph(
        marked(_("Every step can be worked again from the numbers in it.") + f"  {document.page}"), QUIET_TEXT
    )
    foot.wrapOn(canvas, WIDTH, 10 * mm)
    foot.drawOn(canvas, MARGIN + PADDING, 10 * mm)
    canvas.restoreState()
