"""``docs/contracts.md`` is what the docstrings of ``pyroplug.contracts`` say."""

from __future__ import annotations

import re

from docsite.contracts import PAGE, page
from pyroplug import contracts


def test_the_page_is_made_from_the_source() -> None:
    assert PAGE.read_text("utf-8") == page(), "make it again: python -m docsite.contracts"


def test_every_public_name_has_a_heading() -> None:
    headings = re.findall(r"^### (\w+)$", page(), re.MULTILINE)
    assert sorted(headings) == sorted(contracts.__all__)


def test_every_member_of_a_contract_is_there_and_says_something() -> None:
    for name in contracts.__all__:
        value = getattr(contracts, name)
        if isinstance(value, type) and getattr(value, "_is_protocol", False):
            (section,) = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", page(), re.MULTILINE | re.DOTALL)
            for member in (it for it in vars(value) if not it.startswith("_")):
                assert re.search(
                    rf"^(def {member}\(.*|{member}: .*)\n```\n\n(?!```|#)\S", section, re.MULTILINE
                ), f"{name}.{member} has no text"
