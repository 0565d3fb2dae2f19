"""Stated cause-and-effect links between the indicators of a scorecard; what a map is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods.base import TEXT

NODE = {"type": "string", "minLength": 1, "maxLength": 80}
SCHEMA: dict[str, Any] = {
    "type": "array",
    "maxItems": 60,
    "items": {
        "type": "object",
        "required": ["from", "to"],
        "additionalProperties": False,
        "properties": {"from": NODE, "to": NODE, "why": TEXT},
    },
}


def check_links(
    links: Sequence[dict[str, Any]], nodes: dict[str, str], *, problems: Problems, path: Path
) -> None:
    """Every link leads from one indicator of the card to another one, once, and no chain of effects returns to its
    cause. nodes: {what stands in a link: its name}"""
    seen: set[tuple[str, str]] = set()
    sound = []
    for index, link in enumerate(links):
        pair = (link["from"], link["to"])
        unknown = [name for name in ("from", "to") if link[name] not in nodes]
        for name in unknown:
            problems.add((*path, index, name), "strategy_node_unknown", name=link[name])
        if unknown:
            continue
        if link["from"] == link["to"]:
            problems.add((*path, index, "to"), "strategy_link_to_itself", name=nodes[link["to"]])
        elif pair in seen:
            problems.add(
                (*path, index), "strategy_link_twice", first=nodes[link["from"]], second=nodes[link["to"]]
            )
        else:
            sound.append((index, pair))
        seen.add(pair)
    loop = loop_in([pair for _index, pair in sound])
    if loop:
        closing = next(index for index, pair in sound if pair == (loop[-1], loop[0]))
        chain = " → ".join(nodes[name] for name in [*loop, loop[0]])
        problems.add((*path, closing), "strategy_loop", chain=chain)


def loop_in(links: Iterable[tuple[str, str]]) -> list[str]:
    """A chain of effects that returns to its first cause; empty when there is none. Of the links in order, the first
    that closes a chain is its last step."""
    effects: dict[str, list[str]] = {}
    for cause, effect in links:
        chain = _way(effects, effect, cause)
        if chain:
            return chain
        effects.setdefault(cause, []).append(effect)
    return []


def _way(effects: dict[str, list[str]], start: str, end: str) -> list[str]:
    """A chain from start to end; empty without one."""
    came_from: dict[str, str | None] = {start: None}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here == end:
            chain = [here]
            while (before := came_from[chain[0]]) is not None:
                chain.insert(0, before)
            return chain
        for effect in effects.get(here, []):
            if effect not in came_from:
                came_from[effect] = here
                waiting.append(effect)
    return []
