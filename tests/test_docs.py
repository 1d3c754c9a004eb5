"""The documentation's pages are listed, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
INDEX = (DOCS / "index.md").read_text()
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("plugins/*/README.md"), ROOT / "examples" / "README.md"])


def links(text: str) -> list[str]:
    """Where the text points to, code aside."""
    return re.findall(r"\]\((?!https?:)([^)#]+)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page.read_text()) if not (page.parent / link).exists()] == []


EVERYTHING = sorted([*PAGES, *ROOT.glob("*.md")])


@pytest.mark.parametrize("page", EVERYTHING, ids=lambda page: str(page.relative_to(ROOT)))
def test_tables_and_headings_are_shown_as_such(page: Path) -> None:
    """A row without a head above it is plain text, and so is a head right below a row."""
    lines = [
        "",
        *re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE).splitlines(),
        "",
    ]
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if line.startswith("|") and not before.startswith("|"):
            assert re.match(r"\|[-:| ]+\|$", after), f"no table: {line}"
        if line.startswith("#") and before.startswith("|"):
            raise AssertionError(f"no heading: {line}")


def test_the_index_lists_every_page_once() -> None:
    listed = [(DOCS / link).resolve() for link in links(INDEX)]
    assert set(PAGES) - {DOCS / "index.md"} - set(listed) == set()
    assert len(listed) == len(set(listed))


def test_anchors_exist() -> None:
    for page in PAGES:
        for link, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
            text = (page.parent / link).read_text() if link else page.read_text()
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", it).lower().replace(" ", "-") for it in headings]
