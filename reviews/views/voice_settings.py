"""What the page of a scale shows and saves beside the scale where it is a 360's."""

from __future__ import annotations

from typing import Any

from reviews.forms.components import filled
from reviews.forms.voices import GroupRows, QuestionRows, VoiceSettingsForm
from reviews.methods.multisource import GROUPS, MultisourceMethod, group_of
from reviews.models import VoiceInvitation
from reviews.views.configuration import names_of, weight_words


class VoiceSettings:
    """The groups, the open questions and the protection of a 360 component; empty for every other scale."""

    def __init__(self, found: dict[str, Any], posted: Any) -> None:
        self.applies = found["method"] == MultisourceMethod.code
        if not self.applies:
            self.forms: list[Any] = []
            return
        full = {**MultisourceMethod().blank(), **found}
        self.settings = VoiceSettingsForm(posted, initial=full, prefix="voices")
        self.groups = GroupRows(
            posted,
            initial=[
                {"code": code, "is_asked": group_of(found, code) is not None, **(group_of(found, code) or {})}
                for code in GROUPS
            ],
            prefix="groups",
        )
        names = dict(VoiceInvitation.Group.choices)
        for row in self.groups:
            row.shown_name = names.get(str(row["code"].value()), "")
        self.questions = QuestionRows(
            posted,
            initial=[{"code": each["code"], **names_of(each)} for each in found.get("questions", [])],
            prefix="questions",
        )
        self.forms = [self.settings, self.groups, self.questions]
        self.total = weight_words([each["weight"] for each in found["groups"]])

    def is_valid(self) -> bool:
        return sum(not form.is_valid() for form in self.forms) == 0

    def changed(self, document: dict[str, Any]) -> dict[str, Any]:
        """The component as the scale's part of the page left it, with this part."""
        if not self.applies:
            return document
        kept = {name: value for name, value in document.items() if name != "comment_required_at"}
        return {
            **kept,
            **self.settings.document(),
            "groups": [row.document() for row in filled(self.groups)],
            "questions": [row.document() for row in filled(self.questions)],
        }
