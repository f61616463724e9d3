"""Every refusal the code can raise, read from its source: a code is a constant wherever it is raised."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import campaigns_project.verification.errors  # noqa: F401 - only commands use it, so nothing else has loaded its refusals
import leads.providers.registry  # noqa: F401 - loaded late in a worker, and its refusals are wanted in any process
from campaigns_project.errors import Refused

PROJECT = Path(__file__).resolve().parent.parent.parent.parent
APPS = ("campaigns", "leads", "tracking", "campaigns_project")
# Besides tests: what cannot start says so on the terminal, and is no answer to anybody's act.
LEFT_OUT = frozenset({"tests", "migrations", "runtime", "database"})
VALUE = "…"  # stands for what a sentence fills in
# What says no to one row of a file: (name of the call, which argument is the sentence).
ROW_CALLS = {"RowError": 2, "Problem": 2}


@dataclass(frozen=True, order=True)
class Refusal:
    """A code, the HTTP status it is answered with (0 where it never is an answer), and its sentence."""

    code: str
    status: int
    sentence: str


def refusals() -> list[Refusal]:
    """Refusals of acts, by code; a code that is raised with several sentences has each."""
    classes = {each.__name__: each for each in _kinds(Refused)}
    plain = {name: 1 for name, each in classes.items() if each.__init__ is Refused.__init__}
    found = {
        Refusal(code, classes[name].status, sentence)
        for tree in _trees()
        for name, code, sentence in [*_calls(tree, plain), *_inits(tree, classes)]
    }
    return sorted(found)


def row_problems() -> list[Refusal]:
    """Why a single row of an import becomes no lead, by code."""
    calls = (call for tree in _trees("leads/imports") for call in _calls(tree, ROW_CALLS))
    return sorted({Refusal(code, 0, sentence) for _, code, sentence in calls})


def _kinds(kind: type[Refused]) -> Iterator[type[Refused]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _trees(*folders: str) -> Iterator[ast.Module]:
    for folder in folders or APPS:
        for file in sorted((PROJECT / folder).rglob("*.py")):
            if not LEFT_OUT.intersection(file.relative_to(PROJECT).parts):
                yield ast.parse(file.read_text(encoding="utf-8"))


def _calls(tree: ast.AST, wanted: dict[str, int]) -> Iterator[tuple[str, str, str]]:
    """Name, code and sentence of the calls whose first argument is a code."""
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            for call in _own_calls(scope):
                name = call.func.id if isinstance(call.func, ast.Name) else ""
                code = _constant(call)
                if name in wanted and code and len(call.args) > wanted[name]:
                    yield name, code, _sentence(call.args[wanted[name]], scope)


def _inits(tree: ast.AST, classes: dict[str, type[Refused]]) -> Iterator[tuple[str, str, str]]:
    """The same of classes of refusals that set their code themselves; their docstring is the sentence."""
    for defined in ast.walk(tree):
        if isinstance(defined, ast.ClassDef) and defined.name in classes:
            for call in (node for node in ast.walk(defined) if isinstance(node, ast.Call)):
                if isinstance(call.func, ast.Attribute) and call.func.attr == "__init__" and (code := _constant(call)):
                    docstring = ast.get_docstring(defined) or VALUE
                    yield defined.name, code, docstring.split("\n", 1)[0]


def _own_calls(scope: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(scope) if isinstance(node, ast.Call) and node.args)


def _constant(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _sentence(node: ast.expr, scope: ast.FunctionDef) -> str:
    if isinstance(node, ast.Name):
        return _assigned(node, scope)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
    return VALUE


def _assigned(name: ast.Name, scope: ast.FunctionDef) -> str:
    """The text that the variable was given last before it is used."""
    values = [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and node.lineno <= name.lineno and ast.unparse(node.targets[0]) == name.id
    ]
    return _sentence(values[-1], scope) if values and not isinstance(values[-1], ast.Name) else VALUE
