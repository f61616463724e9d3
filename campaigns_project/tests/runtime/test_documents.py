"""The documents against the code: what they name is there, and what is there is named."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver

from campaigns_project import api
from campaigns_project.command_line import GROUPS

ROOT = Path(settings.BASE_DIR)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")])
OF_OURS = ("campaigns", "campaigns_project", "leads", "tracking")
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of its headings."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def addresses(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLPattern) and each.name:
            yield re.sub(r"\(\?P<\w+>[^)]*\)", "{}", str(each.pattern).strip("^$"))


def commands_of_ours() -> set[str]:
    return {name for name, app in get_commands().items() if app.partition(".")[0] in OF_OURS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", FENCED.sub("", page.read_text()))

    dead = [
        f"{path}#{anchor}"
        for path, anchor in links
        for target in [(page.parent / path) if path else page]
        if not target.exists() or (anchor and anchor not in headings(target))
    ]

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_target_that_a_page_names_is_there(page):
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = page.read_text()
    shown = "\n".join([*FENCED.findall(text), *re.findall(r"`([^`\n]+)`", FENCED.sub("", text))])

    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) - {*get_commands(), "help"} == set()
    assert set(re.findall(r"^(?:\$ )?make ([a-z-]+)(?![*a-z-])", shown, re.MULTILINE)) - set(targets) == set()


def test_the_help_of_the_command_line_has_every_command_of_ours_under_the_heading_of_the_page():
    sections = re.split(r"^## (.+)$", (ROOT / "docs/commands.md").read_text(), flags=re.MULTILINE)[1:]
    on_page = {
        title: {
            name
            for row in re.findall(r"^\| (`[a-z_`, ]+`) \|", text, re.MULTILINE)
            for name in row.replace("`", "").split(", ")
        }
        for title, text in zip(sections[::2], sections[1::2], strict=True)
    }

    assert {title: set(names) for title, names in GROUPS.items()} == on_page


def test_every_command_of_ours_is_on_the_page_of_commands():
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", (ROOT / "docs/commands.md").read_text(), re.MULTILINE)

    assert {name.strip("` ") for row in rows for name in row.split(",")} == commands_of_ours()


@pytest.mark.parametrize("page", [".env.example", "docs/operating.md"])
def test_every_variable_is_explained(page):
    read = re.findall(r'\benv\.\w+\("([A-Z_]+)"', (ROOT / "campaigns_project/settings/base.py").read_text())

    explained = re.findall(
        r"^#?([A-Z_]+)=|^\| `([A-Z_]+)`(?:, `([A-Z_]+)`)? \|", (ROOT / page).read_text(), re.MULTILINE
    )

    assert set(read) - {name for names in explained for name in names} == set()


def test_every_address_of_the_api_is_on_its_page():
    named = set(re.findall(r"[\w-]+", (ROOT / "docs/api.md").read_text()))

    unnamed = {address for address in addresses(api.urlpatterns) if set(re.findall(r"[\w-]+", address)) - named}

    assert unnamed == set()
