"""Whatever writes a CSV that people open has its cells disarmed: no export is forgotten."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("campaigns_project", "leads", "campaigns", "tracking")
# Written to be read by ourselves a moment later, with every cell as it is.
FOR_OURSELVES = {
    "campaigns_project/runtime/demo/directory.py",
    "leads/imports/lists.py",
    "leads/imports/pasting.py",
    "leads/imports/records.py",
    "leads/imports/workbooks/child.py",
}


def modules() -> list[Path]:
    found = (path for app in APPS for path in sorted((ROOT / app).rglob("*.py")))
    return [path for path in found if "tests" not in path.relative_to(ROOT).parts]


def names_used(path: Path) -> set[str]:
    """Every name and attribute of a module: `csv.writer` counts as writer."""
    tree = ast.parse(path.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def writes_csv(path: Path) -> bool:
    """The text is looked at first: to take all modules apart takes seconds, of each process that collects tests."""
    return "riter" in path.read_text() and bool(names_used(path) & {"writer", "DictWriter"})


WRITERS = [str(path.relative_to(ROOT)) for path in modules() if writes_csv(path)]


def test_there_are_exports_to_look_at():
    assert {"leads/imports/problem_files.py", "campaigns_project/formulas.py"} < set(WRITERS)
    assert set(WRITERS) > FOR_OURSELVES


@pytest.mark.parametrize("module", [name for name in WRITERS if name not in FOR_OURSELVES])
def test_every_export_disarms_its_cells(module: str):
    assert "guard" in names_used(ROOT / module)
