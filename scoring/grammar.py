"""The formula grammar: a tokenizer and a recursive-descent parser. Nothing is ever evaluated as Python.

    expression = term (("+" | "-") term)*
    term       = factor (("*" | "/") factor)*
    factor     = ("+" | "-") factor | power
    power      = atom ["**" digit]                      one whole exponent from 0 to 4, no chains
    atom       = number | "(" expression ")" | statistic | extreme
    statistic  = ("sum" | "count" | "mean") "(" code ")"
    extreme    = ("min" | "max") "(" (code | argument ("," argument)+) ")"
    argument   = code | expression                      a bare code among several arguments means its sum
    number     = digits ["." digits] [("e" | "E") ["+" | "-"] digits]      below 1e15
    code       = letter (letter | digit | "_")*         ASCII, at most 64 characters, no double underscore

At most 500 characters and 20 levels, so the worst text costs well under a millisecond of parsing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoring.errors import FormulaError

MAX_LENGTH = 500
MAX_DEPTH = 20
MAX_EXPONENT = 4
MAX_CODE_LENGTH = 64
MAX_NUMBER = 1e15

STATISTICS = ("sum", "count", "mean")
EXTREMES = ("min", "max")
FUNCTIONS = STATISTICS + EXTREMES
# Words that other languages read as numbers or constants; a measure of that name could not be told from them.
RESERVED = frozenset({*FUNCTIONS, "nan", "inf", "infinity", "none", "true", "false"})


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Statistic:
    """`kind` is "sum", "count", "mean", "min" or "max" of the observations of one measure."""

    kind: str
    measure: str


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Node


@dataclass(frozen=True, slots=True)
class Chain:
    """first op node op node ..., of one precedence, read from the left; flat, so no recursion."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Power:
    base: Node
    exponent: int


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smaller ("min") or larger ("max") of at least two expressions."""

    kind: str
    arguments: tuple[Node, ...]


Node = Number | Statistic | Negative | Chain | Power | Extreme


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # "number", "name", "end", or the sign itself
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/(),])"
)


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError("formula_character", position=position, found=_visible(text[position]))
        kind, value = str(match.lastgroup), match.group()
        if kind == "number":
            following = text[match.end() : match.end() + 1]
            if following and (following.isalnum() or following in "_."):
                raise FormulaError("formula_number", position=position)
        if kind != "space":
            found.append(Token(value if kind == "sign" else kind, value, position))
        position = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _visible(character: str) -> str:
    """The character itself when it is plain, its code point when it might hide or reorder a page's text."""
    return character if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"


class Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0

    def parse(self) -> Node:
        node = self.expression()
        self.expect("end")
        return node

    # -- the current token

    @property
    def now(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.now
        self.index += 1
        return token

    def expect(self, kind: str) -> Token:
        if self.now.kind != kind:
            raise self.unexpected(self.now)
        return self.take() if kind != "end" else self.now

    def unexpected(self, token: Token) -> FormulaError:
        if token.kind == "end":
            return FormulaError("formula_end", position=token.position)
        return FormulaError("formula_unexpected", position=token.position, found=token.text)

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError("formula_too_deep", position=token.position, limit=MAX_DEPTH)

    # -- the rules

    def expression(self) -> Node:
        self.deeper(self.now)
        node = self.chain(("+", "-"), self.term)
        self.depth -= 1
        return node

    def term(self) -> Node:
        return self.chain(("*", "/"), self.factor)

    def chain(self, signs: tuple[str, str], operand: object) -> Node:
        assert callable(operand)
        first: Node = operand()
        rest: list[tuple[str, Node]] = []
        while self.now.kind in signs:
            sign = self.take().kind
            rest.append((sign, operand()))
        return Chain(first, tuple(rest)) if rest else first

    def factor(self) -> Node:
        if self.now.kind in ("+", "-"):
            self.deeper(self.now)
            sign = self.take().kind
            node = self.factor()
            self.depth -= 1
            return Negative(node) if sign == "-" else node
        return self.power()

    def power(self) -> Node:
        base = self.atom()
        if self.now.kind != "**":
            return base
        self.take()
        token = self.now
        if token.kind != "number" or not token.text.isdigit() or int(token.text) > MAX_EXPONENT:
            raise FormulaError("formula_exponent", position=token.position, limit=MAX_EXPONENT)
        self.take()
        if self.now.kind == "**":
            raise FormulaError("formula_exponent", position=self.now.position, limit=MAX_EXPONENT)
        return Power(base, int(token.text))

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "number":
            value = float(token.text)
            if not value < MAX_NUMBER:
                raise FormulaError("formula_number", position=token.position)
            return Number(value)
        if token.kind == "(":
            node = self.expression()
            self.expect(")")
            return node
        if token.kind == "name":
            return self.named(token)
        raise self.unexpected(token)

    def named(self, token: Token) -> Node:
        name = token.text
        if self.now.kind != "(":
            self.code(token)
            raise FormulaError("formula_bare_measure", position=token.position, found=name)
        if name not in FUNCTIONS:
            raise FormulaError(
                "formula_function", position=token.position, found=name, allowed=", ".join(FUNCTIONS)
            )
        self.take()
        node = self.statistic(token) if name in STATISTICS else self.extreme(token)
        self.expect(")")
        return node

    def statistic(self, function: Token) -> Node:
        if self.now.kind == "end":
            raise self.unexpected(self.now)
        if self.now.kind != "name" or self.tokens[self.index + 1].kind not in (")", "end"):
            raise FormulaError("formula_measure_expected", position=self.now.position, function=function.text)
        return Statistic(function.text, self.code(self.take()))

    def extreme(self, function: Token) -> Node:
        if self.now.kind == "name" and self.tokens[self.index + 1].kind == ")":
            return Statistic(function.text, self.code(self.take()))
        arguments = [self.argument()]
        while self.now.kind == ",":
            self.take()
            arguments.append(self.argument())
        if len(arguments) < 2 and self.now.kind == ")":
            raise FormulaError("formula_arguments", position=function.position, function=function.text)
        return Extreme(function.text, tuple(arguments))

    def argument(self) -> Node:
        if self.now.kind == "name" and self.tokens[self.index + 1].kind in (",", ")"):
            return Statistic("sum", self.code(self.take()))
        return self.expression()

    def code(self, token: Token) -> str:
        name = token.text
        bad = name.startswith("_") or "__" in name or len(name) > MAX_CODE_LENGTH or name.lower() in RESERVED
        if bad:
            raise FormulaError("formula_name", position=token.position, found=name[:MAX_CODE_LENGTH])
        return name


def parse_tree(text: object) -> Node:
    if not isinstance(text, str):
        raise FormulaError("formula_not_text")
    if len(text) > MAX_LENGTH:
        raise FormulaError("formula_too_long", position=MAX_LENGTH, length=len(text), limit=MAX_LENGTH)
    if not text.strip():
        raise FormulaError("formula_empty")
    return Parser(text).parse()


def statistics(node: Node) -> frozenset[Statistic]:
    """Every statistic of every measure that the tree reads."""
    match node:
        case Statistic():
            return frozenset({node})
        case Negative(operand):
            return statistics(operand)
        case Power(base, _):
            return statistics(base)
        case Chain(first, rest):
            return statistics(first).union(*(statistics(part) for _, part in rest))
        case Extreme(_, arguments):
            return frozenset[Statistic]().union(*(statistics(part) for part in arguments))
        case _:
            return frozenset()
