"""The Python in the documentation compiles, and that of the pages below runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if path.name != "contracts.md")  # that has signatures
RUN = ["errors.md", "plugin-policies.md"]


def examples(page: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_it_compiles(page: str) -> None:
    for example in examples(page):
        compile(example, page, "exec")


@pytest.mark.parametrize("page", RUN)
def test_it_runs(page: str) -> None:
    names: dict[str, Any] = {}
    assert examples(page)
    for example in examples(page):
        exec(compile(example, page, "exec"), names)


def test_the_example_of_errors_survives_that_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(examples("errors.md")[0], names)
    assert names["price"]("PYRO:article@./u:/nowhere/at/all", 5) == 5
    assert "no price: cannot connect to " in capsys.readouterr().out
