"""Editable tables of a cycle's configuration: components, KPIs, levels, items, bands.

A row that is left empty is no row, so a table is lengthened by filling the empty ones at its end and shortened by
clearing a row.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from foundation.documents import plain_number
from metrics.forms.fields import BandsField
from reviews.methods import METHODS
from reviews.methods.base import KPIReference, localised
from reviews.methods.rating_scale import level_key, level_texts

CODE_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,59}"


def number(value: Decimal | None) -> int | float | None:
    return None if value is None else plain_number(value)


class NumberField(forms.DecimalField):
    """Typed as text, so that a comma or a full-width digit gets an answer instead of vanishing."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 16)
        kwargs.setdefault("decimal_places", 6)
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """90 rather than 90.000000."""
        return plain_number(value) if isinstance(value, (Decimal, float)) else value


class WeightField(NumberField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Weight"), min_value=0, max_value=100, max_digits=7, decimal_places=4, **kwargs
        )


class Row(forms.Form):
    """A row of an editable table."""

    use_required_attribute = False
    # What a row consists of: without any of them it is empty.
    key_fields: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(self.cleaned_data.get(name) not in (None, "", []) for name in self.key_fields)

    def require(self, data: dict[str, Any], *names: str) -> None:
        if any(data.get(name) not in (None, "") for name in self.key_fields):
            for name in names:
                if data.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, forms.ValidationError(_("This field is required."), code="required"))


class ComponentRow(Row):
    """A component that exists already; its name and weight."""

    code = forms.CharField(widget=forms.HiddenInput, max_length=60)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    weight = WeightField()
    remove = forms.BooleanField(label=_("Remove"), required=False)


class NewComponentForm(forms.Form):
    method = forms.ChoiceField(label=_("Method"), widget=forms.RadioSelect, choices=())
    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    weight = WeightField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            (method.code, f"{method.label} – {method.description}") for method in METHODS.values()
        ]

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "code": data["code"],
            "method": data["method"],
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
            "weight": number(data["weight"]) or 0,
            **METHODS[data["method"]].blank(),
        }


SCORING_CHOICES = (("attainment", _("by target")), ("bands", _("by bands")))


class KPIRow(Row):
    """One KPI in use; it belongs to the component when it has a weight."""

    key_fields = ("weight",)

    kpi = forms.CharField(widget=forms.HiddenInput, max_length=60)
    weight = WeightField()
    target = NumberField(label=_("Target"))
    scoring = forms.ChoiceField(label=_("Scored by"), choices=SCORING_CHOICES, required=False)
    floor = NumberField(label=_("Floor"), min_value=0, max_value=1000, max_digits=7, decimal_places=3)
    cap = NumberField(label=_("Cap"), min_value=0, max_value=1000, max_digits=7, decimal_places=3)
    bands = BandsField(label=_("Bands of this component"))

    reference: KPIReference | None = None

    def document(self, before: dict[str, Any]) -> dict[str, Any]:
        """The entry of the configuration; floor and cap are typed in per cent. Bands that were not posted stay."""
        data = self.cleaned_data
        entry = {
            "kpi": data["kpi"],
            "weight": number(data["weight"]),
            "scoring": data["scoring"] or "attainment",
            "target": number(data["target"]),
            "floor": number((data["floor"] or Decimal(0)) / 100),
            "cap": None if data["cap"] is None else number(data["cap"] / 100),
        }
        name = self.add_prefix("bands")
        is_left_out = self.fields["bands"].widget.value_omitted_from_data(self.data, self.files, name)
        bands = (
            before.get("bands")
            if is_left_out
            else [[plain_number(each) for each in pair] for pair in data["bands"]]
        )
        return entry | ({"bands": bands} if bands else {})


class LevelRow(Row):
    key_fields = ("value", "points", "name_zh", "name_en")

    value = NumberField(label=_("Level"), min_value=0, max_value=100, max_digits=6, decimal_places=2)
    points = NumberField(label=_("Points"), min_value=0, max_value=200)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "value", "points")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "value": number(data["value"]),
            "points": number(data["points"]),
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
        }


class ItemRow(Row):
    """An item with the words of its levels in both languages; `levels` are those of the page when it was made.

    anchored      the words are anchors, one observed behaviour a line; else one description a level
    competencies  [(code, name)] of the library: an item takes its words from there, or has its own
    """

    key_fields = ("code", "name_zh", "name_en", "weight", "competency")

    competency = forms.ChoiceField(label=_("Words"), required=False, choices=())
    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        required=False,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    weight = WeightField()

    def __init__(
        self,
        *args: Any,
        levels: list[dict[str, Any]],
        anchored: bool = False,
        competencies: list[tuple[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.levels, self.anchored = levels, anchored
        initial = self.initial or {}
        self.fields["competency"].choices = [  # type: ignore[attr-defined]
            ("", _("Own words")),
            *(competencies or []),
        ]
        for index, level in enumerate(levels):
            texts = level_texts(initial, level_key(level["value"]))
            for language, label in (("zh", _("Chinese")), ("en", _("English"))):
                self.fields[f"level_{index}_{language}"] = forms.CharField(
                    label=label,
                    required=False,
                    max_length=4000 if anchored else 1000,
                    widget=forms.Textarea(attrs={"rows": 3 if anchored else 2}),
                    initial="\n".join(text.get(language, "") for text in texts).rstrip("\n"),
                )

    @property
    def descriptions(self) -> list[dict[str, Any]]:
        return [
            {
                "level": level,
                "name": localised(level.get("name"), get_language() or "en"),
                "zh": self[f"level_{index}_zh"],
                "en": self[f"level_{index}_en"],
                "texts": [
                    localised(text, get_language() or "en")
                    for text in level_texts(self.initial or {}, level_key(level["value"]))
                ],
            }
            for index, level in enumerate(self.levels)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("competency") and not data.get("code") and "code" not in self.errors:
            data["code"] = data["competency"]
        self.require(data, "code")
        return data

    def document(self, levels: list[dict[str, Any]]) -> dict[str, Any]:
        """Words follow their row of the table of levels, also when a level's value was changed in it."""
        data = self.cleaned_data
        entry = {"code": data["code"], "weight": number(data["weight"]) or 0}
        if data["competency"]:
            return {**entry, "competency": data["competency"]}
        typed = {
            level_key(level["value"]): {
                code: data.get(f"level_{index}_{code}", "").replace("\r\n", "\n") for code in ("zh", "en")
            }
            for index, level in enumerate(levels[: len(self.levels)])
        }
        entry["name"] = {"zh": data["name_zh"], "en": data["name_en"]}
        if self.anchored:
            return {
                **entry,
                "anchors": {key: lines for key, texts in typed.items() if (lines := anchors_of(texts))},
            }
        return {**entry, "descriptions": {key: texts for key, texts in typed.items() if any(texts.values())}}


def anchors_of(texts: dict[str, str]) -> list[dict[str, str]]:
    """One anchor a line; the n-th Chinese line and the n-th English one are one anchor."""
    lines = zip_longest(texts["zh"].splitlines(), texts["en"].splitlines(), fillvalue="")
    pairs = [{"zh": zh.strip(), "en": en.strip()} for zh, en in lines]
    return [pair for pair in pairs if any(pair.values())]


class BandRow(Row):
    key_fields = ("code", "from_score", "name_zh", "name_en")

    code = forms.CharField(label=_("Code"), max_length=20, required=False)
    from_score = NumberField(label=_("From"), min_value=0, max_value=1000)
    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.require(data, "code", "from_score")
        return data

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "code": data["code"],
            "from": number(data["from_score"]),
            "name": {"zh": data["name_zh"], "en": data["name_en"]},
        }


ComponentRows: type[BaseFormSet[Any]] = formset_factory(ComponentRow, extra=0, max_num=20, absolute_max=40)
KPIRows: type[BaseFormSet[Any]] = formset_factory(KPIRow, extra=0, max_num=500, absolute_max=1000)
LevelRows: type[BaseFormSet[Any]] = formset_factory(LevelRow, extra=2, max_num=10, absolute_max=20)
ItemRows: type[BaseFormSet[Any]] = formset_factory(ItemRow, extra=2, max_num=30, absolute_max=60)
BandRows: type[BaseFormSet[Any]] = formset_factory(BandRow, extra=2, max_num=12, absolute_max=30)


def filled(rows: BaseFormSet[Any]) -> list[Any]:
    return [row for row in rows if not row.is_empty]
