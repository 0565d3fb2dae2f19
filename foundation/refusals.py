"""How a service says no. The text belongs to the reader's language, so only a code and its figures travel."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _

_TEXTS: dict[str, str | Promise] = {}


def define_refusals(texts: Mapping[str, str | Promise]) -> None:
    """Each app defines its own codes once (gettext_lazy texts with %(name)s places); a code defined twice is a bug."""
    for code, text in texts.items():
        if code in _TEXTS and str(_TEXTS[code]) != str(text):
            raise ValueError(f"refusal {code} is defined twice")
        _TEXTS[code] = text


def refusal_text(code: str, params: Mapping[str, object] | None = None) -> str:
    """The sentence for a code in the active language. An unknown code is a bug, shown as itself rather than hidden."""
    text = _TEXTS.get(code)
    if text is None:
        return _("Refused: %(code)s") % {"code": code}
    return str(text) % dict(params or {})


class Refusal(Exception):
    """A rule says no.

    `field` names the form or API field at fault; `status` is what HTTP answers (400, 403, 409, 422).
    """

    def __init__(
        self, code: str, /, *, field: str | None = None, status: int = 400, **params: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.status = status
        self.params = params

    def __str__(self) -> str:
        return refusal_text(self.code, self.params)
