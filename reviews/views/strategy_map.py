"""A strategy map as plain SVG: perspectives as rows, indicators as boxes, causes below and effects above.

Drawn by the server, so that no script has to; on a phone the list of the same links stands in its place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from reviews.methods.base import localised
from reviews.views.presentation import language

WIDTH, LABEL = 960, 132
BOX_HEIGHT, GAP, ROW = 58, 18, 112
#: An "em" of a character is this many pixels at the map's type size; Chinese characters take a whole one.
EM = 14.0


def strategy_map(
    perspectives: Sequence[Mapping[str, Any]],
    nodes: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What the template draws: {width, height, rows, boxes, arrows, list}; empty without a node.

    perspectives   code, label, note
    nodes          key, perspective, label, note and state: "met", "short" or ""
    links          from, to, why
    """
    if not nodes:
        return {}
    rows, boxes = [], {}
    for place, perspective in enumerate(perspectives):
        own = [node for node in nodes if node["perspective"] == perspective["code"]]
        top = place * ROW
        rows.append(
            {
                "y": top,
                "height": ROW,
                "middle": top + ROW // 2,
                "lines": _lines(str(perspective["label"]), LABEL - 24, top + ROW / 2 - 10),
                "note": perspective.get("note", ""),
                "note_y": top + ROW // 2 + 26,
            }
        )
        room = WIDTH - LABEL - GAP
        width = min(220, (room - GAP * len(own)) / max(len(own), 1))
        start = LABEL + (room - len(own) * (width + GAP) + GAP) / 2
        for index, node in enumerate(own):
            x, y = start + index * (width + GAP), top + (ROW - BOX_HEIGHT) / 2
            boxes[node["key"]] = {
                "x": _tenth(x),
                "y": _tenth(y),
                "width": _tenth(width),
                "height": BOX_HEIGHT,
                "center": _tenth(x + width / 2),
                "lines": _lines(str(node["label"]), width - 16, y + 21, most=2 if not node["note"] else 1),
                "note": node["note"],
                "note_y": _tenth(y + BOX_HEIGHT - 12),
                "state": node["state"],
                "title": " ".join(text for text in (str(node["label"]), node["note"]) if text),
            }
    known = [link for link in links if link["from"] in boxes and link["to"] in boxes]
    names = {node["key"]: node["label"] for node in nodes}
    return {
        "width": WIDTH,
        "height": len(rows) * ROW,
        "label": LABEL,
        "rows": rows,
        "boxes": list(boxes.values()),
        "arrows": [_arrow(boxes[link["from"]], boxes[link["to"]]) for link in known],
        "links": [
            {
                "cause": names[link["from"]],
                "effect": names[link["to"]],
                "why": localised(link.get("why"), language()),
            }
            for link in known
        ],
    }


def _arrow(cause: Mapping[str, Any], effect: Mapping[str, Any]) -> str:
    """The path of a link: from the near side of its cause to the near side of its effect."""
    if cause["y"] == effect["y"]:
        # Side by side: out and in at the top, in a bow.
        start, end, y = cause["center"], effect["center"], cause["y"]
        return f"M {start} {y} C {start} {_tenth(y - 24)}, {end} {_tenth(y - 24)}, {end} {_tenth(y - 3)}"
    upward = cause["y"] > effect["y"]
    y1 = cause["y"] if upward else cause["y"] + BOX_HEIGHT
    y2 = effect["y"] + BOX_HEIGHT + 3 if upward else effect["y"] - 3
    bend = abs(y1 - y2) / 2 * (-1 if upward else 1)
    x1, x2 = cause["center"], effect["center"]
    return f"M {x1} {y1} C {x1} {_tenth(y1 + bend)}, {x2} {_tenth(y2 - bend)}, {x2} {_tenth(y2)}"


def _lines(text: str, width: float, y: float, *, most: int = 2) -> list[dict[str, Any]]:
    """The text broken into at most so many lines of a width, the last one cut with an ellipsis."""
    found, line = [], ""
    for word in _pieces(text):
        if line and _length(line + word) > width:
            found.append(line.strip())
            line = word.lstrip()
        else:
            line += word
    found.append(line.strip())
    if len(found) > most:
        found = [*found[: most - 1], _cut("".join(found[most - 1 :]), width)]
    found = [_cut(each, width) for each in found]
    return [{"text": each, "y": _tenth(y + index * 17)} for index, each in enumerate(found)]


def _pieces(text: str) -> list[str]:
    """Where a line may break: after a space, and around every wide character."""
    pieces, word = [], ""
    for character in text:
        word += character
        if character == " " or unicodedata.east_asian_width(character) in "WF":
            pieces.append(word)
            word = ""
    return [*pieces, word] if word else pieces


def _length(text: str) -> float:
    return sum(EM if unicodedata.east_asian_width(each) in "WF" else EM * 0.55 for each in text)


def _cut(text: str, width: float) -> str:
    if _length(text) <= width:
        return text
    while text and _length(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _tenth(value: float) -> float:
    return round(float(value), 1)
