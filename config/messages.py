"""Message catalogues without the gettext programs: python -m config.messages extract|missing|fill|check|compile

    extract          bring every msgid of the code and the templates into the catalogues
    missing          print what has no translation, as JSON that `fill` takes once the values are written
    fill FILE.json   merge translations: {msgid: msgstr} or {msgid: [singular, plural]}; the key of a message with a
                     context is "context\\u0004msgid" ("-" reads standard input)
    check            fail on anything a reader would see in the wrong language, or that would break when formatted
    compile          write the .mo files

English is the language of the source. A catalogue has no line numbers and is sorted, so that two people who add
sentences at once get a small diff; writing is atomic and under a lock, so that they may also do it at the same moment.
"""

import argparse
import contextlib
import fcntl
import io
import json
import os
import re
import string
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as babel_extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

CLONE = Path(__file__).resolve().parent.parent
LOCALES = ("zh_Hans",)
# Where a person's sentences are. Tests and settings have none.
ROOMS = (
    "config",
    "scoring",
    "foundation",
    "people",
    "metrics",
    "reviews",
    "incentives",
    "operations",
    "demo",
)
TEMPLATES = "templates"
LEFT_OUT = {"migrations", "embedded", "node_modules", "__pycache__"}

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
CONTEXT = "\x04"

Key = str | tuple[str, str]


class MessageError(Exception):
    """Something a person has to put right, with its place."""


# Reading the sources ---------------------------------------------------------------------------------------------


def sources(root: Path) -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            relative = path.relative_to(root)
            if LEFT_OUT & set(relative.parts) or not path.is_file():
                continue
            if path.suffix == ".py" or (TEMPLATES in relative.parts and path.suffix in {".html", ".txt"}):
                yield path
    for path in sorted((root / TEMPLATES).rglob("*")):
        if path.is_file() and path.suffix in {".html", ".txt"}:
            yield path


def messages_of(path: Path) -> Iterator[tuple[Key, str | None]]:
    """(msgid or (singular, plural), context) of one source, in order."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = _templatize(text, path)
    found = babel_extract(
        "python", io.BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    )
    for _line, message, _comments, context in found:
        if isinstance(message, tuple):
            parts = [part for part in message if isinstance(part, str)]
            if len(parts) == 2:
                yield (parts[0], parts[1]), context
            elif len(parts) == 1:
                yield parts[0], context
        elif message:
            yield message, context


def _templatize(text: str, path: Path) -> str:
    """Django's own reading of a template, as Python-like text in which only the marked sentences are left."""
    import django
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()
    try:
        # Babel reads the outcome as Python, where a template's indentation would be an error.
        return "\n".join(line.strip() for line in str(templatize(text, origin=str(path))).splitlines())
    except SyntaxError as error:
        raise MessageError(f"{path}: {error}") from error


def collect(root: Path) -> dict[tuple[str, str | None], Key]:
    """Every message of the sources: (msgid, context) to msgid or (singular, plural)."""
    found: dict[tuple[str, str | None], Key] = {}
    for path in sources(root):
        for message, context in messages_of(path):
            singular = message if isinstance(message, str) else message[0]
            known = found.get((singular, context))
            # The plural form wins: a catalogue can hold only one of `day` and (`day`, `days`).
            if known is None or isinstance(known, str):
                found[singular, context] = message
    return found


# Reading and writing catalogues ----------------------------------------------------------------------------------


def catalogue_path(root: Path, locale: str) -> Path:
    return root / "locale" / locale / "LC_MESSAGES" / "django.po"


def read_catalogue(path: Path, locale: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=locale, project="Laurel", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def _ordered(catalogue: Catalog, locale: str) -> Catalog:
    """A copy with nothing in it that changes by itself: no dates, no places in the source, one order."""
    copy = Catalog(locale=locale, project="Laurel", charset="utf-8", fuzzy=False)
    copy.header_comment = (
        "# Translations of Laurel. Written by `python -m config.messages`; edit the msgstr lines only."
    )
    for message in sorted((m for m in catalogue if m.id), key=lambda m: (_singular(m), m.context or "")):
        copy.add(
            message.id,
            message.string,
            flags=set(message.flags),
            user_comments=message.user_comments,
            context=message.context,
        )
    return copy


def _write(path: Path, data: bytes) -> None:
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _catalogue_bytes(catalogue: Catalog, locale: str) -> bytes:
    buffer = io.BytesIO()
    write_po(
        buffer,
        _ordered(catalogue, locale),
        width=110,
        no_location=True,
        omit_header=False,
        ignore_obsolete=True,
    )
    # These header lines are new at every writing, name a tool's version, or say nothing.
    moving = (
        *(b'"POT-Creation-Date:', b'"PO-Revision-Date:', b'"Generated-By:', b'"Report-Msgid-Bugs-To:'),
        *(b'"Project-Id-Version:', b'"Last-Translator:', b'"Language-Team:'),
    )
    lines = [line for line in buffer.getvalue().split(b"\n") if not line.startswith(moving)]
    return b"\n".join(lines).rstrip(b"\n") + b"\n"


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    folder = root / "var"
    folder.mkdir(exist_ok=True)
    with open(folder / "messages.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _singular(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def _strings(message: Message) -> list[str]:
    string_ = message.string
    return (
        [string_ or ""] if isinstance(string_, str) or string_ is None else [part or "" for part in string_]
    )


def _is_translated(message: Message) -> bool:
    return all(_strings(message))


def _empty(catalogue: Catalog, key: Key) -> str | tuple[str, ...]:
    return "" if isinstance(key, str) else ("",) * catalogue.num_plurals


def _name(message: str, context: str | None) -> str:
    return message if context is None else f"{context}{CONTEXT}{message}"


# What the commands do --------------------------------------------------------------------------------------------


def extract(root: Path = CLONE) -> list[str]:
    """Bring the catalogues in line with the sources. A sentence no longer in the source leaves the catalogue."""
    wanted = collect(root)
    lines = []
    with _locked(root):
        for locale in LOCALES:
            path = catalogue_path(root, locale)
            old = read_catalogue(path, locale)
            new = Catalog(locale=locale, charset="utf-8", fuzzy=False)
            for (singular, context), key in wanted.items():
                known = old.get(singular, context)
                string_: Any = _empty(new, key)
                if known is not None and isinstance(known.id, str) == isinstance(key, str):
                    string_ = known.string or string_
                elif known is not None and any(_strings(known)):  # a plural was added, or taken away
                    first = _strings(known)[0]
                    string_ = first if isinstance(key, str) else (first,) * new.num_plurals
                new.add(
                    key,
                    string_,
                    flags=set(known.flags) & {"fuzzy"} if known is not None else set(),
                    user_comments=known.user_comments if known is not None else [],
                    context=context,
                )
            _write(path, _catalogue_bytes(new, locale))
            open_ = sum(not _is_translated(message) for message in new if message.id)
            lines.append(f"{locale}: {len(wanted)} messages, {open_} without translation")
    return lines


def missing(root: Path = CLONE, locale: str = LOCALES[0]) -> dict[str, str | list[str]]:
    catalogue = read_catalogue(catalogue_path(root, locale), locale)
    answer: dict[str, str | list[str]] = {}
    for (singular, context), key in sorted(
        collect(root).items(), key=lambda item: (item[0][0], item[0][1] or "")
    ):
        known = catalogue.get(singular, context)
        same_shape = known is not None and isinstance(known.id, str) == isinstance(key, str)
        if known is None or not same_shape or not _is_translated(known) or known.fuzzy:
            answer[_name(singular, context)] = "" if isinstance(key, str) else list(key)
    return answer


def fill(translations: dict[str, str | list[str]], root: Path = CLONE, locale: str = LOCALES[0]) -> list[str]:
    """Merge translations; what the sources do not have is refused, so that a typing error does not get lost."""
    extract(root)
    unknown = []
    with _locked(root):
        path = catalogue_path(root, locale)
        catalogue = read_catalogue(path, locale)
        done = 0
        for name, value in translations.items():
            context, _, singular = name.rpartition(CONTEXT)
            message = catalogue.get(singular, context or None)
            if message is None:
                unknown.append(name)
                continue
            if not value or (isinstance(value, list) and not all(value)):
                continue
            if isinstance(value, list) and not isinstance(message.id, str) and value == list(message.id):
                continue  # as `missing` printed it
            if isinstance(message.id, str):
                message.string = value if isinstance(value, str) else value[-1]
            else:
                # Chinese has one form, and takes the last one given: the plural, which has the number in it.
                forms = [value] if isinstance(value, str) else list(value)
                forms += [forms[-1]] * catalogue.num_plurals
                message.string = (
                    (forms[len(value) - 1],)
                    if catalogue.num_plurals == 1 and isinstance(value, list)
                    else tuple(forms[: catalogue.num_plurals])
                )
            message.flags.discard("fuzzy")
            done += 1
        _write(path, _catalogue_bytes(catalogue, locale))
    lines = [f"{locale}: {done} filled, {len(missing(root, locale))} left"]
    lines += [f"not in the source: {name!r}" for name in unknown]
    return lines


PERCENT = re.compile(
    r"%(?:\((?P<name>\w+)\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlL]?(?P<kind>[diouxXeEfFgGcrsa%])"
)


def placeholders(text: str, *, percent: bool) -> list[str]:
    """What a translation has to have as well, sorted: names and positions of % and of braces.

    A lone per cent sign is text unless the message is a python-format one.
    """
    found = []
    if percent:
        found = [m.group(0) for m in PERCENT.finditer(text) if m.group("kind") != "%"]
    with contextlib.suppress(ValueError):  # braces that are no format are text
        found += ["{" + name + "}" for _, name, _, _ in string.Formatter().parse(text) if name]
    return sorted(found)


def check(root: Path = CLONE) -> list[str]:
    """Every fault, each with what is wrong and where. Empty means fit to ship."""
    wanted = collect(root)
    faults = []
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        catalogue = read_catalogue(path, locale)
        obsolete = {_singular(message) for message in catalogue.obsolete.values()}
        for (singular, context), key in wanted.items():
            name = f"{locale}: {_name(singular, context)!r}"
            message = catalogue.get(singular, context)
            if message is None:
                reason = "is marked obsolete but used" if singular in obsolete else "is missing"
                faults.append(f"{name} {reason}")
                continue
            if isinstance(message.id, str) != isinstance(key, str) or (
                not isinstance(key, str) and message.id[1] != key[1]
            ):
                faults.append(f"{name} has another plural in the source")
            if message.fuzzy:
                faults.append(f"{name} is fuzzy")
            if not _is_translated(message):
                faults.append(f"{name} has no translation")
                continue
            faults += [f"{name} {fault}" for fault in _placeholder_faults(message, key)]
        for message in catalogue:
            if message.id and (_singular(message), message.context) not in wanted:
                faults.append(
                    f"{locale}: {_name(_singular(message), message.context)!r} is no longer in the source"
                )
        if text and not faults and text.encode() != _catalogue_bytes(catalogue, locale):
            faults.append(f"{locale}: {path.name} is not as `extract` writes it")
    return faults


def _placeholder_faults(message: Message, key: Key) -> Iterator[str]:
    originals = [key] if isinstance(key, str) else list(key)
    percent = "python-format" in message.flags
    allowed = [placeholders(original, percent=percent) for original in originals]
    for translation in _strings(message):
        found = placeholders(translation, percent=percent)
        # A singular may leave its number out ("one day"), so any of the source's forms serves as the pattern.
        if found not in allowed:
            yield f"has placeholders {found} instead of {allowed[-1]}"
        elif percent and all(map(_can_be_filled, originals)) and not _can_be_filled(translation):
            yield "has a per cent sign that is not doubled"


class _Anything(dict[str, int]):
    def __missing__(self, name: str) -> int:
        return 1


def _can_be_filled(text: str) -> bool:
    """Whether `text % {...}` works, as the page will try; by position there is nothing to try."""
    if "%(" not in text:
        return True
    try:
        text % _Anything()
    except (ValueError, TypeError):
        return False
    return True


def compile_catalogues(root: Path = CLONE) -> list[str]:
    lines = []
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        catalogue = read_catalogue(path, locale)
        buffer = io.BytesIO()
        write_mo(buffer, catalogue)
        _write(path.with_suffix(".mo"), buffer.getvalue())
        path.with_suffix(".mo").touch()  # the same bytes are up to date as well
        lines.append(f"{locale}: compiled")
    return lines


def compile_stale(root: Path = CLONE) -> None:
    """Compile only what is older than its source."""
    for locale in LOCALES:
        path = catalogue_path(root, locale)
        compiled = path.with_suffix(".mo")
        if path.exists() and (not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime):
            compile_catalogues(root)
            return


def main(arguments: list[str] | None = None, root: Path = CLONE) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m config.messages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["extract", "missing", "fill", "check", "compile"])
    parser.add_argument("file", nargs="?", help="for fill: JSON, or - for standard input")
    given = parser.parse_args(arguments)
    try:
        match given.action:
            case "extract":
                print("\n".join(extract(root)))
            case "missing":
                print(json.dumps(missing(root), ensure_ascii=False, indent=1))
            case "fill":
                if not given.file:
                    parser.error("fill needs a file")
                text = sys.stdin.read() if given.file == "-" else Path(given.file).read_text(encoding="utf-8")
                lines = fill(json.loads(text), root)
                print("\n".join(lines))
                return 1 if len(lines) > 1 else 0
            case "check":
                if faults := check(root):
                    print("\n".join(faults), file=sys.stderr)
                    print(f"{len(faults)} faults in the message catalogues", file=sys.stderr)
                    return 1
                print("message catalogues: complete")
            case "compile":
                print("\n".join(compile_catalogues(root)))
    except MessageError as error:
        print(f"config.messages: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
