"""The set-up script, with requirement files that are empty: what is tested is the finding, making and mending."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytest.importorskip("ensurepip", reason="this Python cannot make environments by itself")
SCRIPT = Path("campaigns_project/runtime/bootstrap.sh")
TOOLS = ("sh", "dirname", "cat", "cksum", "mkdir", "rm", "tail", "tr", "cp")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path)


def project_in(folder: Path) -> Path:
    """A project with a space in its name, and a PATH that holds the needed tools and one Python."""
    home = folder / "my project"
    (home / SCRIPT).parent.mkdir(parents=True)
    shutil.copy(settings.BASE_DIR / SCRIPT, home / SCRIPT)
    (home / ".python-version").write_text("3.13\n")
    (home / "requirements.txt").write_text("# nothing\n")
    (home / "requirements-dev.txt").write_text("-r requirements.txt\n")
    tools = folder / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool} on this machine"))
    (tools / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    return home


def set_up(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": str(project.parent / "bin"), "HOME": str(project.parent / "empty")}
    if "LD_LIBRARY_PATH" in os.environ:
        variables["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    script = [shutil.which("sh") or "sh", str(project / SCRIPT), *arguments]
    return subprocess.run(script, env=variables, check=False, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that the script has made, with all requirements; it takes seconds, so others begin with a copy of it."""
    home = project_in(tmp_path_factory.mktemp("made"))
    assert set_up(home, "--dev").returncode == 0
    return home / ".venv"


@pytest.fixture
def project_with_environment(project: Path, environment: Path) -> Path:
    shutil.copytree(environment, project / ".venv", symlinks=True)
    return project


def works(project: Path) -> bool:
    return (
        subprocess.run(
            [project / ".venv/bin/python", "-m", "pip", "--version"], check=False, capture_output=True
        ).returncode
        == 0
    )


def test_a_first_run_makes_the_environment_and_a_second_has_nothing_to_do(project: Path):
    first = set_up(project)
    second = set_up(project)

    assert (first.returncode, works(project)) == (0, True), first.stderr
    assert "making .venv with Python 3." in first.stdout
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_changed_requirements_are_installed_into_the_same_environment(project_with_environment: Path):
    project = project_with_environment
    (project / ".venv/kept").touch()
    (project / "requirements.txt").write_text("# nothing, but otherwise\n")

    answer = set_up(project)

    assert "installing the requirements" in answer.stdout
    assert (project / ".venv/kept").exists()


def test_an_interrupted_or_broken_environment_is_made_anew(project: Path):
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to("/no/such/python")

    mended = set_up(project)
    (project / ".venv/.incomplete").touch()  # as an interrupted installation leaves it
    again = set_up(project)

    assert (mended.returncode, again.returncode, works(project)) == (0, 0, True)
    assert "making .venv" in again.stdout


def test_a_python_that_only_fails_is_passed_over(project: Path):
    shim = project.parent / "bin" / "python3.13"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)

    assert set_up(project).returncode == 0


def test_without_any_python_one_error_lists_the_ways_to_get_one(project: Path):
    (project.parent / "bin" / "python3").unlink()

    answer = set_up(project)

    assert answer.returncode == 1
    assert answer.stderr.count("error:") == 1
    for way in ("apt install", "brew install", "pyenv install", "uv"):
        assert way in answer.stderr
    assert not (project / ".venv").exists()


def test_what_cannot_be_installed_is_shown_from_the_log(project_with_environment: Path):
    project = project_with_environment
    (project / "requirements.txt").write_text("./no-such-package\n")

    answer = set_up(project)

    assert answer.returncode == 1
    assert "Installing the requirements failed" in answer.stderr
    assert "no-such-package" in answer.stderr
