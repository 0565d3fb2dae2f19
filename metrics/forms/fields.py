"""Fields that several forms of this room have."""

from __future__ import annotations

import math
import re
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from foundation.documents import plain_number

MAX_BANDS = 50


class BandsWidget(forms.Widget):
    """A table of from and points, with empty rows at its end. A posted text of the field's own name does as well."""

    use_fieldset = True
    EMPTY_ROWS, LEAST_ROWS = 2, 4

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        if name in data or not hasattr(data, "getlist"):
            return str(data.get(name) or "")
        pairs = zip(data.getlist(f"{name}-from"), data.getlist(f"{name}-points"), strict=False)
        return ", ".join(
            f"{start.strip().replace(',', '')} = {points.strip().replace(',', '')}"
            for start, points in pairs
            if start.strip() or points.strip()
        )

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-from" not in data

    def id_for_label(self, id_: str | None) -> str:
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        pairs = [part.split("=", 1) for part in str(value or "").split(",") if "=" in part]
        rows = [(start.strip(), points.strip()) for start, points in pairs]
        rows += [("", "")] * max(self.EMPTY_ROWS, self.LEAST_ROWS - len(rows))
        css = "form-control is-invalid" if "is-invalid" in (attrs or {}).get("class", "") else "form-control"
        cell = (
            '<td><input class="{}" type="text" inputmode="decimal" autocomplete="off" name="{}-{}" value="{}" '
            'aria-label="{}"></td>'
        )
        labels = {"from": _("From value"), "points": _("Points")}
        body = format_html_join(
            "",
            "<tr>{}{}</tr>",
            (
                (
                    format_html(cell, css, name, "from", start, f"{labels['from']} {place}"),
                    format_html(cell, css, name, "points", points, f"{labels['points']} {place}"),
                )
                for place, (start, points) in enumerate(rows[:MAX_BANDS], start=1)
            ),
        )
        return format_html(
            '<table class="table bands-table"><thead><tr><th scope="col">{}</th><th scope="col">{}</th></tr></thead>'
            "<tbody>{}</tbody></table>",
            labels["from"],
            labels["points"],
            body,
        )


class BandsField(forms.CharField):
    """Standard bands, from a table or as a text "0 = 20, 70 = 50, 85 = 85": from that value up, that score."""

    widget = BandsWidget

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("max_length", 1_000)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{plain_number(start)} = {plain_number(score)}" for start, score in value)
        return value

    def clean(self, value: Any) -> list[list[float]]:
        text = super().clean(value)
        bands: list[list[float]] = []
        for part in re.split(r"[,;，；、\n]+", text):
            if not part.strip():
                continue
            start, sign, score = re.sub(r"[＝：:→]", "=", part).partition("=")
            try:
                pair = [float(start), float(score)]
            except ValueError:
                sign, pair = "", []
            if not all(math.isfinite(number) for number in pair):
                sign = ""
            if not sign or len(bands) == MAX_BANDS:
                raise forms.ValidationError(_("A band is two numbers: a value, and the score from there up."))
            bands.append(pair)
        return bands


class DayField(forms.DateField):
    """A day, chosen from the browser's calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)
