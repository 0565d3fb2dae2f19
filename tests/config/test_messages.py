"""Message catalogues: what is found in the sources, what a translation has to satisfy, several people at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config import messages

ROOT = Path(__file__).resolve().parent.parent.parent
PO = Path("locale/zh_Hans/LC_MESSAGES/django.po")

CODE = """
from django.utils.translation import gettext as _, gettext_lazy, ngettext, npgettext, pgettext
a = _("Save")
b = gettext_lazy("%(count)s of %(total)s")
c = ngettext("%(n)s day", "%(n)s days", 3)
d = pgettext("month", "May")
e = npgettext("review", "{n} cycle", "{n} cycles", 2)
f = other("not a message")
"""
TEMPLATE = """{% load i18n %}<p title="{% trans 'A hint' %}">{% translate "Hello" %}
{% translate "May" context "verb" %}
{% blocktranslate with name=person.name %}Dear {{ name }}{% endblocktranslate %}
{% blocktranslate count n=days %}{{ n }} week{% plural %}{{ n }} weeks{% endblocktranslate %}</p>"""
TRANSLATIONS: dict[str, str | list[str]] = {
    "Save": "保存",
    "%(count)s of %(total)s": "共 %(total)s 个,第 %(count)s 个",
    "%(n)s day": ["%(n)s 天", "%(n)s 天"],
    "month\x04May": "五月",
    "review\x04{n} cycle": ["{n} 个周期", "{n} 个周期"],
    "A hint": "提示",
    "Hello": "你好",
    "verb\x04May": "可以",
    "Dear %(name)s": "尊敬的 %(name)s",
    "%(n)s week": "%(n)s 周",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "people" / "migrations").mkdir(parents=True)
    (tmp_path / "people" / "views.py").write_text(CODE)
    (tmp_path / "people" / "migrations" / "0001.py").write_text('_("Only in a migration")')
    (tmp_path / "templates" / "people").mkdir(parents=True)
    (tmp_path / "templates" / "people" / "page.html").write_text(TEMPLATE)
    messages.extract(tmp_path)
    return tmp_path


@pytest.fixture
def translated(clone: Path) -> Path:
    assert messages.fill(TRANSLATIONS, clone) == ["zh_Hans: 10 filled, 0 left"]
    assert messages.check(clone) == []
    return clone


def change(clone: Path, old: str, new: str) -> None:
    text = (clone / PO).read_text()
    assert old in text
    (clone / PO).write_text(text.replace(old, new))


def test_code_and_templates_are_read(clone: Path) -> None:
    assert set(messages.missing(clone)) == set(TRANSLATIONS)


def test_extracting_twice_changes_nothing(translated: Path) -> None:
    before = (translated / PO).read_bytes()
    messages.extract(translated)
    assert (translated / PO).read_bytes() == before
    assert b"/" not in b"".join(line for line in before.splitlines() if line.startswith(b"#:"))


def test_filling_keeps_what_others_filled(clone: Path) -> None:
    messages.fill({"Save": "保存"}, clone)
    messages.fill({"Hello": "你好", "Save": ""}, clone)
    assert set(TRANSLATIONS) - set(messages.missing(clone)) == {"Save", "Hello"}


def test_filling_at_the_same_moment_loses_nothing(clone: Path) -> None:
    program = (
        "import sys, json, pathlib; from config import messages;"
        "messages.fill(json.loads(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, json.dumps({name: value}), str(clone)], cwd=ROOT)
        for name, value in list(TRANSLATIONS.items())[:6]
    ]
    assert [process.wait(60) for process in started] == [0] * 6
    assert len(messages.missing(clone)) == len(TRANSLATIONS) - 6


def test_a_name_that_is_not_in_the_source_is_said(clone: Path) -> None:
    assert messages.fill({"Svae": "保存"}, clone)[1:] == ["not in the source: 'Svae'"]


def test_compiled_catalogue_is_what_django_reads(translated: Path) -> None:
    import gettext

    messages.compile_stale(translated)
    with (translated / PO).with_suffix(".mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("Save") == "保存"
    assert catalogue.ngettext("%(n)s day", "%(n)s days", 2) == "%(n)s 天"
    assert catalogue.pgettext("month", "May") == "五月"


# Each thing that `check` is there for, once.


def test_missing_translation_fails(translated: Path) -> None:
    (translated / "people" / "views.py").write_text(CODE + 'g = _("New sentence")\n')
    assert messages.check(translated) == ["zh_Hans: 'New sentence' is missing"]


def test_empty_translation_fails(translated: Path) -> None:
    change(translated, 'msgstr "保存"', 'msgstr ""')
    assert messages.check(translated) == ["zh_Hans: 'Save' has no translation"]


def test_fuzzy_translation_fails(translated: Path) -> None:
    change(translated, 'msgid "Save"', '#, fuzzy\nmsgid "Save"')
    assert messages.check(translated) == ["zh_Hans: 'Save' is fuzzy"]


def test_obsolete_but_used_fails(translated: Path) -> None:
    change(translated, 'msgid "Save"\nmsgstr "保存"', '#~ msgid "Save"\n#~ msgstr "保存"')
    assert messages.check(translated) == ["zh_Hans: 'Save' is marked obsolete but used"]


def test_unused_message_fails(translated: Path) -> None:
    (translated / "people" / "views.py").write_text(CODE.replace('a = _("Save")', ""))
    assert messages.check(translated) == ["zh_Hans: 'Save' is no longer in the source"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("尊敬的 %(name)s", "尊敬的 %(nmae)s"),
        ("尊敬的 %(name)s", "尊敬的"),
        ("%(n)s 天", "%(n)d 天"),
        ("{n} 个周期", "{m} 个周期"),
        ("保存", "保存 {x}"),
    ],
)
def test_other_placeholders_fail(translated: Path, old: str, new: str) -> None:
    change(translated, old, new)
    assert [fault for fault in messages.check(translated) if "has placeholders" in fault]


def test_a_lone_per_cent_sign_where_numbers_are_filled_in_fails(translated: Path) -> None:
    change(translated, "共 %(total)s 个,第 %(count)s 个", "共 %(total)s 个,第 %(count)s 个,即 5% 左右")
    assert messages.check(translated) == [
        "zh_Hans: '%(count)s of %(total)s' has a per cent sign that is not doubled"
    ]


def test_changed_plural_fails(translated: Path) -> None:
    (translated / "people" / "views.py").write_text(CODE.replace("%(n)s days", "%(n)s of days"))
    assert messages.check(translated) == ["zh_Hans: '%(n)s day' has another plural in the source"]


def test_check_is_a_command_that_fails(translated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert messages.main(["check"], translated) == 0
    change(translated, 'msgstr "保存"', 'msgstr ""')
    assert messages.main(["check"], translated) == 1
    assert "'Save' has no translation" in capsys.readouterr().err


def test_broken_template_is_named(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "templates" / "people" / "page.html").write_text(
        "{% blocktranslate %}{% if x %}{% endblocktranslate %}"
    )
    assert messages.main(["extract"], clone) == 1
    assert "page.html" in capsys.readouterr().err
