"""Which mutants a file has: cosmic-ray's operators and ours, without those that say nothing about the code."""

import ast
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_item import MutationSpec, WorkItem
from operators import AIDS, Provider

cosmic_ray.plugins.OPERATOR_PROVIDERS["riddle"] = Provider()

KEPT = re.compile(
    r"riddle/.*|core/(AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd"
    r"|ReplaceBreakWithContinue|ReplaceContinueWithBreak|ExceptionReplacer|ZeroIterationForLoop"
    r"|NumberReplacer|ReplaceUnaryOperator_USub_UAdd|ReplaceUnaryOperator_Delete_Not"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Pow_Mul|Mod_Mul|BitAnd_BitOr|BitOr_BitAnd"
    r"|BitXor_BitAnd|LShift_RShift|RShift_LShift)"
    r"|ReplaceComparisonOperator_(Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt|Eq_NotEq|NotEq_Eq"
    r"|Is_IsNot|IsNot_Is))"
)
"""Of cosmic-ray's, one or two replacements of each operator: the boundary and the opposite."""


@dataclass(frozen=True)
class Mutant:
    """One changed file: the line that differs, before and after."""

    operator: str
    line: int
    before: str
    after: str


def mutants_of(path: Path) -> list[WorkItem]:
    """Work items of a file that give different sources which compile."""
    source = path.read_text(encoding="utf-8")
    tree, skipped = get_ast(source), list(_left_alone(ast.parse(source)))
    seen, found = {source}, []
    for name in filter(KEPT.fullmatch, cosmic_ray.plugins.operator_names()):
        operator = cosmic_ray.plugins.get_operator(name)()
        places = ((node, *place) for node in ast_nodes(tree) for place in operator.mutation_positions(node))
        for occurrence, (node, start, end) in enumerate(places):
            if any(a < start < b for a, b in skipped) or _says_nothing(name, node):
                continue
            mutation = MutationSpec(path.name, name, occurrence, start, end)
            changed = mutated(source, mutation)
            if changed not in seen and _compiles(changed):
                seen.add(changed)
                found.append(WorkItem.single(uuid.uuid4().hex, mutation))
    return found


def mutated(source: str, mutation: MutationSpec) -> str:
    """The source with one mutation; as it is, where cosmic-ray cannot make it (``except a.b``)."""
    operator = cosmic_ray.plugins.get_operator(mutation.operator_name)()
    try:
        return mutate_code(source, operator, mutation.occurrence) or source
    except AttributeError:
        return source


def describe(source: str, mutation: MutationSpec) -> tuple[Mutant, str]:
    """What a mutation changes, and the changed source."""
    changed = mutated(source, mutation)
    old, new = source.splitlines(), changed.splitlines()
    place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)) - 1)
    return Mutant(mutation.operator_name, place + 1, old[place].strip(), new[place].strip()), changed


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _says_nothing(operator: str, node: Any) -> bool:
    """Mutants that another one stands for, or that any run of the code refuses."""
    code = node.get_code()
    if operator == "core/NumberReplacer":
        return "." in code  # 1 more or less makes no share or cosine
    if operator == "core/AddNot":  # of a comparison or a negation, others make the opposite
        condition = node.children[1].get_code() if hasattr(node, "children") else code
        return bool(re.search(r"[<>=]|\bnot\b|\bis\b", condition))
    if operator.startswith("core/Replace") and ("True" in operator or "False" in operator):
        before = node.get_previous_leaf(), node.get_previous_leaf().get_previous_leaf()
        return before[0].value == "=" and before[1].value in AIDS
    return False


def _left_alone(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Spans of annotations and of texts for the user (what is raised, f-strings)."""
    for node in ast.walk(tree):
        span: Any = None
        if isinstance(node, ast.Raise | ast.JoinedStr):
            span = node
        elif isinstance(node, ast.arg | ast.AnnAssign):
            span = node.annotation
        elif isinstance(node, ast.FunctionDef):
            span = node.returns
        if span is not None:
            yield (span.lineno, span.col_offset - (span is not node)), (span.end_lineno, span.end_col_offset)
