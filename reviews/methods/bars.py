"""Behaviourally anchored rating scale: each level of each item stands for behaviour that was observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import TEXT, has_name
from reviews.methods.rating_scale import RatingScaleMethod, scale_schema

MOST_ANCHORS = 8  # of one level: more cannot be read while choosing


class BARSMethod(RatingScaleMethod):
    """As the rating scale, but a level is shown by one or more anchors: what people who stand there were seen to do.

    A level without an anchor is a gap: the rater would have to guess, so a cycle with a gap cannot be launched.
    """

    code = "bars"
    label = _("Behaviourally anchored scale (BARS)")
    description = _("A manager chooses the observed behaviour that fits; each level has anchors of its own.")
    schema: Mapping[str, Any] = scale_schema(
        anchors={
            "type": "object",
            "maxProperties": 10,
            "additionalProperties": {"type": "array", "maxItems": MOST_ANCHORS, "items": TEXT},
        }
    )

    def check_words(
        self, item: Mapping[str, Any], keys: list[str], *, problems: Problems, path: Path, complete: bool
    ) -> None:
        anchors = item.get("anchors", {})
        for key in sorted(set(anchors) - set(keys)):
            if anchors[key]:
                problems.add((*path, "anchors", key), "anchor_without_level", level=key[:12])
        if not complete:
            return
        for key, texts in anchors.items():
            for place, text in enumerate(texts):
                if not has_name(text):
                    problems.add((*path, "anchors", key, place), "anchor_empty")
        absent = [key for key in keys if not any(has_name(text) for text in anchors.get(key, []))]
        if absent:
            problems.add((*path, "anchors"), "anchors_missing", name=item["code"], levels=", ".join(absent))
