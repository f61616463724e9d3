"""Which code runs here, on what."""

import platform
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings

from campaigns_project.runtime.health.check import Check, Level

PACKAGES = ("django-q2", "django-unfold", "djangorestframework", "psycopg", "granian")


def examine_versions() -> Iterator[Check]:
    """One line, and the packages behind it."""
    lines = tuple(f"{name} {number}" for name, number in versions().items())
    yield Check("versions", Level.OK, f"{release()}, Django {django.__version__}, {_python()}.", details=lines)


def release() -> str:
    """Our name, version and, in a checkout, commit: Fairlead 0.1.0 (9f2b8df)."""
    found = commit()
    return f"Fairlead {app_version()}" + (f" ({found[:7]})" if found else "")


def versions() -> dict[str, str]:
    """Everything that matters when two installations behave differently."""
    return {
        "Fairlead": app_version(),
        "commit": commit() or "not known",
        "Django": django.__version__,
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        **{name: version(name) for name in PACKAGES},
    }


@cache
def app_version() -> str:
    """As pyproject.toml has it. Read once: a running process stays what it was started as."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


@cache
def commit() -> str:
    """The commit that is checked out, read from git's own files; "" outside a checkout."""
    try:
        folder = _git_folder(settings.BASE_DIR / ".git")
        head = (folder / "HEAD").read_text().strip()
        return _resolved(folder, head.removeprefix("ref: ")) if head.startswith("ref: ") else head
    except OSError:
        return ""


def _git_folder(entry: Path) -> Path:
    """`.git` itself, or where the file of that name leads in a worktree."""
    if entry.is_dir():
        return entry
    return (entry.parent / entry.read_text().strip().removeprefix("gitdir: ")).resolve()


def _resolved(folder: Path, name: str) -> str:
    """The commit a branch is at: a file of its own, or a line among the packed ones."""
    shared = folder / "commondir"
    common = (folder / shared.read_text().strip()).resolve() if shared.exists() else folder
    if (common / name).exists():
        return (common / name).read_text().strip()
    lines = (common / "packed-refs").read_text().splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")


def _python() -> str:
    return f"Python {platform.python_version()}"
