"""Mutations that cosmic-ray does not have: what one does by hand to a safety check to see whether a test notices."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from cosmic_ray.operators.operator import Operator
from parso.python.tree import Function, Name, search_ancestor

Position = tuple[tuple[int, int], tuple[int, int]]

EMPTY = {
    "list": "[]",
    "Sequence": "[]",
    "Iterator": "iter([])",
    "tuple": "()",
    "dict": "{}",
    "Mapping": "{}",
    "frozenset": "frozenset()",
    "str": '""',
    "bytes": 'b""',
    "bool": None,
    "float": "0.0",
    "int": "0",
}
"""What a function of that type returns when it does nothing; of a ``bool`` both are tried, of a tensor zeros."""
SWAPPED = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
    "floor": "ceil",
    "ceil": "floor",
    "amin": "amax",
    "amax": "amin",
    "clamp_min": "clamp_max",
}
AIDS = ("strict", "frozen", "eq", "init", "repr")
"""Keywords of ``zip``, ``dataclass`` and ``field`` that guard against mistakes in our own code and change no result."""
MODULES = {"torch", "F", "np", "nn", "math", "re", "json", "struct", "os", "secrets", "hashlib", "zipfile", "shutil"}
"""Names before a dot that are modules: without the call nothing is left, as nothing is of ``self``'s."""


def raw(node: Any, text: str) -> Name:
    """A leaf with any code in the node's place."""
    return Name(text, node.start_pos, node.get_first_leaf().prefix)


def _is_statement(node: Any) -> bool:
    return node.parent is not None and node.parent.type == "simple_stmt"


class TextOperator(Operator):  # type: ignore[misc]  # cosmic-ray has no types
    """An operator whose mutations are texts in place of a node."""

    def texts(self, node: Any) -> Iterator[str]:
        raise NotImplementedError

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        for _ in self.texts(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return raw(node, list(self.texts(node))[index])

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class ReturnEmpty(TextOperator):
    """A function returns nothing of what it found."""

    def texts(self, node: Any) -> Iterator[str]:
        function = search_ancestor(node, "funcdef") if node.type == "return_stmt" else None
        if not isinstance(function, Function) or function.annotation is None:
            return
        kind = function.annotation.get_code().strip().strip('"').partition("[")[0]
        if kind == "bool":
            yield from ("return True", "return False")
        elif "Tensor" in function.annotation.get_code():
            yield f"return 0 * ({node.children[1].get_code().strip()})"
        elif kind in EMPTY:
            yield f"return {EMPTY[kind]}"


class StatementDeleted(TextOperator):
    """A check, a call for its effect or an addition is left out."""

    def texts(self, node: Any) -> Iterator[str]:
        call = node.type in ("atom_expr", "power") and node.children[-1].get_code().endswith(")")
        added = node.type == "expr_stmt" and re.fullmatch(r"\S+=", node.children[1].get_code().strip())
        if node.type == "raise_stmt" or (_is_statement(node) and (call or added)):
            yield "pass"


class CallDropped(TextOperator):
    """``x.detach()`` becomes ``x``."""

    def texts(self, node: Any) -> Iterator[str]:
        if node.type not in ("atom_expr", "power") or _is_statement(node):
            return
        parts = [child.get_code() for child in node.children]
        parts[0] = parts[0].strip()
        for place in range(1, len(parts) - 1):
            if parts[place].startswith(".") and parts[place + 1].startswith("("):
                if parts[0] in MODULES and not any("(" in part for part in parts[:place]):
                    continue
                if place == 1 and (parts[0] in ("self", "cls") or parts[0][:1].isupper()):
                    continue
                yield "".join(parts[:place] + parts[place + 2 :])


class ArgumentDropped(TextOperator):
    """An argument by keyword is left to its default; the last one by place becomes ``None``."""

    def texts(self, node: Any) -> Iterator[str]:
        if node.type != "trailer" or node.children[0].get_code().strip() != "(" or len(node.children) != 3:
            return
        inner = node.children[1]
        arguments = [child.get_code().strip() for child in (inner.children if inner.type == "arglist" else [inner])]
        arguments = [argument for argument in arguments if argument != ","]
        by_key = [self._by_key(text) for text in arguments]
        for place, is_key in enumerate(by_key):
            if is_key and arguments[place].partition("=")[0] not in AIDS:
                yield f"({', '.join(arguments[:place] + arguments[place + 1 :])})"
        if not by_key[-1] and not arguments[-1].startswith("*") and len(arguments) > 1 and " for " not in arguments[-1]:
            yield f"({', '.join([*arguments[:-1], 'None'])})"

    @staticmethod
    def _by_key(text: str) -> bool:
        key, equals, rest = text.partition("=")
        return bool(equals) and key.strip().isidentifier() and not rest.startswith("=")


class FloatScaled(TextOperator):
    """Thresholds are halved or raised by half; zero is moved by 0.2 either way."""

    def texts(self, node: Any) -> Iterator[str]:
        if node.type == "number" and ("." in node.value or "e" in node.value.lower()) and "x" not in node.value:
            value = float(node.value)
            yield from ("(-0.2)", "0.2") if math.isclose(value, 0.0) else (repr(0.5 * value), repr(1.5 * value))


class NameSwapped(TextOperator):
    """``min`` becomes ``max``, ``any`` becomes ``all``."""

    def texts(self, node: Any) -> Iterator[str]:
        if node.type == "name" and node.value in SWAPPED:
            following = node.get_next_leaf()
            if following is not None and following.value == "(":
                yield SWAPPED[node.value]


class Provider:
    """How cosmic-ray finds them: as ``riddle/<name>``."""

    operators: ClassVar[dict[str, Callable[[], TextOperator]]] = {
        kind.__name__: kind
        for kind in (ReturnEmpty, StatementDeleted, CallDropped, ArgumentDropped, FloatScaled, NameSwapped)
    }

    def __iter__(self) -> Iterator[str]:
        return iter(self.operators)

    def __getitem__(self, name: str) -> Callable[[], TextOperator]:
        return self.operators[name]
