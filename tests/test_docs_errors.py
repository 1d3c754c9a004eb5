"""``docs/errors.md``: every error has a heading, and every fact of one is named."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from pyroplug import errors

PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CLASSES = {
    name: value
    for name in errors.__all__
    if inspect.isclass(value := getattr(errors, name)) and issubclass(value, errors.PyroError)
}


def test_every_error_has_a_heading_with_what_to_do() -> None:
    assert sorted(SECTIONS) == sorted([*CLASSES, "Tracebacks"])
    assert [name for name in CLASSES if "**Do**" not in SECTIONS[name]] == []


def test_every_fact_has_a_row_with_the_errors_that_have_it() -> None:
    for name, value in CLASSES.items():
        own = {it for it in vars(value) if not it.startswith("_")}
        own |= set(re.findall(r":ivar (\w+):", value.__doc__ or ""))
        for fact in own:
            row = re.search(rf"^\| [^|]*`{fact}`[^|]*\| ([^|]*) \|", PAGE, re.MULTILINE)
            assert row is not None, f"{name}.{fact}"
            assert f"`{name}`" in row[1] or (value is errors.PyroError and row[1] == "every error")


def test_errors_that_are_others_as_well_say_so() -> None:
    for name, value in CLASSES.items():
        for base in value.__bases__:
            if not issubclass(base, errors.PyroError) and base is not Exception:
                assert f"`{base.__name__}`" in SECTIONS[name], f"{name} is a {base.__name__}"


def test_the_functions_for_tracebacks_are_named() -> None:
    functions = [name for name in errors.__all__ if name not in CLASSES]
    assert [name for name in functions if name not in SECTIONS["Tracebacks"]] == []
