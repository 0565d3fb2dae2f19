"""The worked examples of docs/methods are executed; a page without one fails."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "methods"
INDEX = FOLDER / "README.md"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)
SECTIONS = ["Formula", "Example", "When to use it", "When not to", "Source"]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples(page: Path) -> list[doctest.Example]:
    parser = doctest.DocTestParser()
    return [
        example
        for block in FENCE.findall(page.read_text(encoding="utf-8"))
        for example in parser.get_examples(block)
    ]


def failures(page: Path, text: str | None = None) -> str:
    """What doctest complains of when all blocks of a page run one after another."""
    blocks = FENCE.findall(page.read_text(encoding="utf-8") if text is None else text)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page.name, str(page), 0)
    complaints: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test, out=complaints.append)
    return "".join(complaints)


def test_there_are_pages() -> None:
    assert len(PAGES) >= 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_of_a_page_is_true(page: Path) -> None:
    shown = [example for example in examples(page) if example.want]
    assert shown, "a page needs a worked example with an answer"
    assert any("scoring" in example.source for example in examples(page))
    assert failures(page) == ""


def test_a_wrong_example_is_noticed() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    wrong = text.replace("```\n", "```\n\n```python\n>>> 1 + 1\n3\n```\n", 1)
    assert wrong != text
    assert "Expected:\n    3" in failures(PAGES[0], "```python\n>>> 1 + 1\n3\n```\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_all_sections_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_stands_in_the_index(page: Path) -> None:
    assert f"]({page.name})" in INDEX.read_text(encoding="utf-8")


def test_the_index_leads_nowhere_else() -> None:
    linked = re.findall(r"\]\(([^)]+)\)", INDEX.read_text(encoding="utf-8"))
    assert sorted(linked) == [page.name for page in PAGES]
