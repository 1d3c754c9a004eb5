"""The table of causes and remedies."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pyroplug_doctor
import pytest
from pyroplug_doctor.remedies import REMEDIES, Fault, remedy_for

from pyroplug.api import config

FOLDER = Path(pyroplug_doctor.__file__).parent
SOURCE = "".join(path.read_text() for path in FOLDER.rglob("*.py") if path.name != "remedies.py")
WORDS = {"HOST", "PYRO", "NAME", "DNS", "TLS", "NAT", "IP", "URI", "DEBUG"}


def test_every_fault_has_a_remedy() -> None:
    assert REMEDIES.keys() == set(Fault)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_can_be_found(fault: Fault) -> None:
    assert f"Fault.{fault.name}" in SOURCE


@pytest.mark.parametrize("fault", Fault)
def test_it_is_a_sentence_for_people(fault: Fault) -> None:
    for text in REMEDIES[fault]:
        assert text[:1] == "{" or text[0].islower() or text[:2].isupper(), text
        assert not text.endswith(".")
        assert "  " not in text


@pytest.mark.parametrize("fault", Fault)
def test_the_configuration_items_that_it_names_exist(fault: Fault) -> None:
    told = " ".join(REMEDIES[fault])
    named = {it.removeprefix("PYRO_") for it in re.findall(r"\b[A-Z][A-Z_]+\b", told)} - WORDS
    assert named <= set(config.as_dict())


@pytest.mark.parametrize("fault", Fault)
def test_what_is_not_known_is_left_open(fault: Fault) -> None:
    """A fact that is missing makes a text poorer, and breaks nothing."""
    for text, template in zip(remedy_for(fault, {}), REMEDIES[fault], strict=True):
        assert "{" not in text
        for _, name, _, _ in Formatter().parse(template):
            assert name is None or f"the {name}" in text


def test_facts_are_filled_in() -> None:
    facts = {"serializer": "marshal", "accepted": ["json", "serpent"], "other": [{"x": 1}]}
    told = remedy_for(Fault.SERIALIZER_REFUSED, facts)
    assert "marshal" in told.cause
    assert "json, serpent" in told.remedy
