"""Conditions that people write down: `loss_percent >= 5 and reachable`.

    rule = compile_expression("clients / seats > 1.5", {"clients": NUMBER, "seats": NUMBER})
    rule.value({"clients": 30, "seats": 15})

A small part of Python's own syntax: names, numbers, texts, `true` and `false`, arithmetic,
comparisons (also `a < b < c` and `in (…)`), `and`, `or`, `not`, and the functions of `FUNCTIONS`.
Everything is checked when it is compiled: names, types, and that nothing else is in it. Nothing is
ever run that is not of this module.

A fact that is not known makes what depends on it not known (`None`), and never false: 'not known
and false' is false, 'not known or true' is true, all else of it is not known. `known(x)` asks.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from inventory.sentences import Sentence, did_you_mean, say

NUMBER, TRUTH, TEXT = "number", "truth", "text"
LONGEST = 500
DEEPEST = 30

Facts = Mapping[str, Any]
Value = Any
_Run = Callable[[Facts], Value]


class ExpressionError(ValueError):
    """What is wrong with an expression, as a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `type`: what it gives; `names`: the facts it asks for."""

    text: str
    type: str
    names: frozenset[str]
    value: _Run
    """Facts → number, truth or text, or None where it is not known."""


FUNCTIONS: Mapping[str, Callable[..., Value]] = {"abs": abs, "max": max, "min": min}
"""Of numbers; `known(x)` besides, of anything."""

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLED = {NUMBER: say("a number"), TRUTH: say("true or false"), TEXT: say("a text")}


def compile_expression(text: str, fields: Mapping[str, str], wanted: str = TRUTH) -> Expression:
    """Check and compile; `fields`: name → type of a fact. `ExpressionError` says what is wrong."""
    if len(text) > LONGEST:
        raise _wrong(say("it has more than {count} characters", count=LONGEST))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _wrong(_syntax(text, getattr(error, "offset", None) or 0)) from None
    made = _Compiler(fields)
    kind, run = made.compile(tree, 0)
    if kind != wanted:
        raise _wrong(
            say("it gives {found}, and {wanted} is needed", found=_CALLED[kind],
                wanted=_CALLED[wanted])
        )  # fmt: skip
    return Expression(text.strip(), kind, frozenset(made.names), run)


def _syntax(text: str, where: int) -> Sentence:
    """`where`: from 1, blanks around the text left out; Python says 0 where it ends too early."""
    if "=" in text.replace("==", "").replace(">=", "").replace("<=", "").replace("!=", ""):
        return say("write == to compare; a single = is nothing here")
    if "&&" in text or "||" in text:
        return say("write 'and' and 'or'")
    if not 1 <= where <= len(text.strip()):
        return say("something is missing at its end")
    indent = len(text) - len(text.lstrip())
    return say("it cannot be read at character {place}", place=indent + where)


def _wrong(sentence: Sentence) -> ExpressionError:
    return ExpressionError(sentence)


class _Compiler:
    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = fields
        self.names: set[str] = set()

    def compile(self, node: ast.expr, depth: int) -> tuple[str, _Run]:
        """(type, what gives the value) of a node."""
        if depth > DEEPEST:
            raise _wrong(say("it is nested too deeply"))
        found = _NODES.get(type(node))
        if found is None:
            raise _wrong(say("{part!r} cannot be used here", part=ast.unparse(node)[:60]))
        return found(self, node, depth + 1)

    def of(self, node: ast.expr, kind: str, depth: int) -> _Run:
        """The node, which must be of that type."""
        found, run = self.compile(node, depth)
        if found != kind:
            raise _wrong(
                say(
                    "{part!r} is {found}, and {wanted} is needed there",
                    part=ast.unparse(node)[:60],
                    found=_CALLED[found],
                    wanted=_CALLED[kind],
                )
            )
        return run

    def constant(self, node: ast.Constant, _depth: int) -> tuple[str, _Run]:
        value = node.value
        if isinstance(value, bool):
            return TRUTH, lambda _facts: value
        if isinstance(value, int | float):
            number = float(value) if abs(value) < 1e300 else None
            if number is None:
                raise _wrong(say("a number is too large"))
            return NUMBER, lambda _facts: number
        if isinstance(value, str):
            return TEXT, lambda _facts: value
        raise _wrong(say("{part!r} cannot be used here", part=ast.unparse(node)[:60]))

    def name(self, node: ast.Name, _depth: int) -> tuple[str, _Run]:
        name = node.id
        if name in ("true", "false"):
            value = name == "true"
            return TRUTH, lambda _facts: value
        if name not in self.fields:
            problem = say("there is no {name!r} to ask for", name=name)
            raise _wrong(did_you_mean(problem, get_close_matches(name, self.fields)))
        self.names.add(name)
        return self.fields[name], lambda facts: facts.get(name)

    def unary(self, node: ast.UnaryOp, depth: int) -> tuple[str, _Run]:
        if isinstance(node.op, ast.Not):
            inner = self.of(node.operand, TRUTH, depth)

            def negated(facts: Facts) -> Value:
                value = inner(facts)
                return None if value is None else not value

            return TRUTH, negated
        if isinstance(node.op, ast.USub):
            number = self.of(node.operand, NUMBER, depth)

            def minus(facts: Facts) -> Value:
                value = number(facts)
                return None if value is None else -value

            return NUMBER, minus
        raise _wrong(say("{part!r} cannot be used here", part=ast.unparse(node)[:60]))

    def arithmetic(self, node: ast.BinOp, depth: int) -> tuple[str, _Run]:
        act = _ARITHMETIC.get(type(node.op))
        if act is None:
            raise _wrong(say("{part!r} cannot be used here", part=ast.unparse(node)[:60]))
        left, right = (self.of(part, NUMBER, depth) for part in (node.left, node.right))

        def run(facts: Facts) -> Value:
            first, second = left(facts), right(facts)
            if first is None or second is None:
                return None
            try:
                return act(first, second)
            except (ZeroDivisionError, OverflowError):
                return None  # a share of nothing is not known

        return NUMBER, run

    def comparison(self, node: ast.Compare, depth: int) -> tuple[str, _Run]:
        pairs = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            pairs.append(self._pair(left, op, right, depth))
            left = right
        if len(pairs) == 1:
            return TRUTH, pairs[0]
        return TRUTH, _all(pairs)

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> _Run:
        kind, first = self.compile(left, depth)
        if isinstance(op, ast.In | ast.NotIn):
            return self._member(kind, first, isinstance(op, ast.In), right, depth)
        act = _COMPARE.get(type(op))
        if act is None:
            raise _wrong(say("compare with < <= > >= == != or 'in'"))
        if kind != NUMBER and not isinstance(op, ast.Eq | ast.NotEq):
            raise _wrong(
                say("{part!r} is {found}; only numbers are more or less",
                    part=ast.unparse(left)[:60], found=_CALLED[kind])
            )  # fmt: skip
        second = self.of(right, kind, depth)

        def run(facts: Facts) -> Value:
            a, b = first(facts), second(facts)
            return None if a is None or b is None else act(a, b)

        return run

    def _member(self, kind: str, first: _Run, inside: bool, right: ast.expr, depth: int) -> _Run:
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            raise _wrong(say("'in' wants a list such as ('switch', 'router')"))
        values = set()
        for item in right.elts:
            if not isinstance(item, ast.Constant):
                raise _wrong(say("'in' wants a list such as ('switch', 'router')"))
            values.add(self.of(item, kind, depth)({}))

        def run(facts: Facts) -> Value:
            value = first(facts)
            return None if value is None else (value in values) is inside

        return run

    def logic(self, node: ast.BoolOp, depth: int) -> tuple[str, _Run]:
        parts = [self.of(part, TRUTH, depth) for part in node.values]
        return TRUTH, _all(parts) if isinstance(node.op, ast.And) else _any(parts)

    def call(self, node: ast.Call, depth: int) -> tuple[str, _Run]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or not node.args or name not in {*FUNCTIONS, "known"}:
            known = ", ".join(sorted({*FUNCTIONS, "known"}))
            raise _wrong(say("the functions are {known}", known=known))
        if name == "known":
            if len(node.args) != 1:
                raise _wrong(say("'known' asks for one fact"))
            inner = self.compile(node.args[0], depth)[1]
            return TRUTH, lambda facts: inner(facts) is not None
        if (name == "abs") != (len(node.args) == 1):
            raise _wrong(say("{name!r} has another number of values", name=name))
        act, parts = FUNCTIONS[name], [self.of(part, NUMBER, depth) for part in node.args]

        def run(facts: Facts) -> Value:
            values = [part(facts) for part in parts]
            return None if None in values else act(*values)

        return NUMBER, run


def _all(parts: list[_Run]) -> _Run:
    def run(facts: Facts) -> Value:
        found: bool | None = True
        for part in parts:
            value = part(facts)
            if value is False:
                return False
            if value is None:
                found = None
        return found

    return run


def _any(parts: list[_Run]) -> _Run:
    def run(facts: Facts) -> Value:
        found: bool | None = False
        for part in parts:
            value = part(facts)
            if value is True:
                return True
            if value is None:
                found = None
        return found

    return run


_NODES: Mapping[type[ast.expr], Callable[[_Compiler, Any, int], tuple[str, _Run]]] = {
    ast.Constant: _Compiler.constant,
    ast.Name: _Compiler.name,
    ast.UnaryOp: _Compiler.unary,
    ast.BinOp: _Compiler.arithmetic,
    ast.Compare: _Compiler.comparison,
    ast.BoolOp: _Compiler.logic,
    ast.Call: _Compiler.call,
}
