"""An entry of the library of competencies: its name, what it means, and the anchors of each level."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.forms.components import CODE_PATTERN, anchors_of

LEVELS, MOST_LEVELS = 5, 10


class WordsForm(forms.Form):
    """Names and meaning in both languages; the code only where the entry is new."""

    name_zh = forms.CharField(label=_("Name (Chinese)"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name (English)"), max_length=120, required=False)
    code = forms.RegexField(
        label=_("Code"),
        regex=f"^{CODE_PATTERN}$",
        max_length=60,
        error_messages={"invalid": _("A code consists of letters, digits, hyphens and underscores.")},
    )
    description_zh = forms.CharField(
        label=_("Description (Chinese)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    description_en = forms.CharField(
        label=_("Description (English)"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["code"]

    def content(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name.startswith(("name", "desc"))}


class CompetencyForm(WordsForm):
    """Anchors are typed one a line; `levels` says for how many levels there are boxes."""

    def __init__(
        self,
        *args: Any,
        levels: int = LEVELS,
        anchors: dict[str, list[dict[str, str]]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        given = anchors or {}
        self.level_keys = [str(level) for level in range(1, max([levels, *map(int, given)]) + 1)]
        for key in self.level_keys:
            for language, label in (("zh", _("Chinese")), ("en", _("English"))):
                self.fields[f"anchors_{key}_{language}"] = forms.CharField(
                    label=label,
                    required=False,
                    max_length=8000,
                    widget=forms.Textarea(attrs={"rows": 3}),
                    initial="\n".join(text.get(language, "") for text in given.get(key, [])).rstrip("\n"),
                )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The highest level first, as raters see them."""
        return [
            {"level": key, "zh": self[f"anchors_{key}_zh"], "en": self[f"anchors_{key}_en"]}
            for key in reversed(self.level_keys)
        ]

    def content(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            **super().content(),
            "anchors": {
                key: anchors_of({code: data.get(f"anchors_{key}_{code}", "") for code in ("zh", "en")})
                for key in self.level_keys
            },
        }
