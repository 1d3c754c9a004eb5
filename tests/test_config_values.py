"""Values of configuration items: which are taken, what is said of others, and how they are shown."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.config.values import checked, default_of, parsed, shown, type_name
from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError

FLAG = ConfigItem("FLAG", False, "whether there is one")
COUNT = ConfigItem("COUNT", 4, "how many", 1, 9)
SECONDS = ConfigItem("SECONDS", 0.5, "how long", minimum=0)
NAME = ConfigItem("NAME", "x", "what it is called")
NAMES = ConfigItem("NAMES", ("x", "y"), "what they are called")
MAYBE = ConfigItem("MAYBE", None, "what it is called, if anything")
VERSION = ConfigItem("VERSION", 0, "which one", choices=(0, 4, 6))
COLOURS = ConfigItem("COLOURS", ["red"], "which ones", choices=("red", "blue"))
SECRET = ConfigItem("SECRET", "", "what nobody sees", secret=True)
SECRETS = ConfigItem("SECRETS", (), "what nobody sees", secret=True)

RIGHT: list[tuple[ConfigItem, str, Any, Any]] = [
    (FLAG, "Yes", 1, True),
    (FLAG, "on", True, True),
    (FLAG, "TRUE", True, True),
    (FLAG, "1", 1, True),
    (FLAG, "no", 0, False),
    (FLAG, "off", False, False),
    (FLAG, "false", False, False),
    (FLAG, "0", 0, False),
    (COUNT, "9", 9, 9),
    (COUNT, "1", 1, 1),
    (SECONDS, "3", 3, 3.0),
    (SECONDS, "0", 0.0, 0.0),
    (NAME, "a b", "a b", "a b"),
    (NAME, "", "", ""),
    (NAMES, "a, b,", ["a", "b"], ("a", "b")),
    (NAMES, "", set(), ()),
    (NAMES, "a", frozenset(["a"]), ("a",)),
    (MAYBE, "4", "4", "4"),
    (VERSION, "6", 6, 6),
    (COLOURS, "blue,red", ("blue", "red"), ("blue", "red")),
    (SECRET, "open sesame", "open sesame", "open sesame"),
]


@pytest.mark.parametrize(("item", "text", "value", "expected"), RIGHT)
def test_right_values(item: ConfigItem, text: str, value: Any, expected: Any) -> None:
    for found in (parsed(item, "PYRO_X", text), checked(item, value)):
        assert found == expected
        assert type(found) is type(expected)


def test_none_is_a_value_where_it_is_the_default() -> None:
    assert checked(MAYBE, None) is None


WRONG_TEXTS = [
    *((FLAG, text, "true or false (bool)") for text in ("maybe", "", "2")),
    *((COUNT, text, "a whole number (int) from 1 to 9") for text in ("x", "", "1.5", "0", "10", "-1")),
    *((SECONDS, text, "a number (float) of at least 0") for text in ("soon", "-0.1", "nan", "inf", "1e999")),
    (VERSION, "5", "a whole number (int) out of 0, 4, 6"),
    (COLOURS, "red,green", "a list of texts (list) out of red, blue"),
]


@pytest.mark.parametrize(("item", "text", "expected"), WRONG_TEXTS)
def test_a_wrong_text_is_told_with_variable_value_type_and_remedy(
    item: ConfigItem, text: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(item, f"PYRO_{item.name}", text)
    told = caught.value.args[0]
    assert told == (
        f"configuration item {item.name}: environment variable PYRO_{item.name}: {text!r} is not {expected}"
    )
    default = shown(item, default_of(item))
    assert caught.value.hint == (
        f"{item.name}: {item.summary}; correct the variable, or unset it for the default, {default}"
    )


@pytest.mark.parametrize(
    ("item", "value"),
    [
        *((FLAG, value) for value in (2, -1, "yes", None, 1.0, [])),
        *((COUNT, value) for value in (0, 10, 4.0, "4", None, True, [4])),
        *((SECONDS, value) for value in (-1, -0.5, "1", None, True, float("nan"), float("inf"), 10**400)),
        *((NAME, value) for value in (None, 4, b"x", ["x"], True)),
        *((NAMES, value) for value in ("x", None, [1], [None], {"x": 1}, 3, (b"x",))),
        *((MAYBE, value) for value in (4, b"x", True, ["x"])),
        *((VERSION, value) for value in (5, "4", 4.0, -4)),
        *((COLOURS, value) for value in (["green"], ["red", "green"], "red")),
    ],
)
def test_a_wrong_value_is_refused(item: ConfigItem, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"^configuration item {item.name}: .* is not ") as caught:
        checked(item, value)
    assert isinstance(caught.value, ValueError)
    assert item.summary in (caught.value.hint or "")
    assert f"the default is {shown(item, default_of(item))}" in (caught.value.hint or "")


def test_a_maximum_alone() -> None:
    item = ConfigItem("FEW", 1, "how few", maximum=3)
    assert checked(item, -5) == -5
    with pytest.raises(ConfigError, match=r"a whole number \(int\) of at most 3"):
        checked(item, 4)


def test_who_forgets_the_brackets_is_told() -> None:
    with pytest.raises(ConfigError) as caught:
        checked(NAMES, "serpent")
    assert "a list of one is ['serpent']" in (caught.value.hint or "")


def test_a_text_of_a_subclass_is_a_text() -> None:
    class Colour(str, enum.Enum):
        RED = "red"

    assert checked(COLOURS, [Colour.RED]) == ("red",)


@given(st.floats() | st.integers())
def test_a_number_is_taken_as_it_is_or_refused(number: float) -> None:
    item = ConfigItem("ANY", 0.0, "any number")
    try:
        found = checked(item, number)
    except ConfigError:
        assert not abs(number) <= 1.7976931348623157e308
    else:
        assert isinstance(found, float)
        assert found == float(number)


# Secrets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (SECRET, b"sesame"),
        (SECRET, ["sesame"]),
        (SECRETS, "sesame"),
        (SECRETS, ["sesame", 1]),
        (ConfigItem("PIN", 0, "of secret size", 0, 9, secret=True), "sesame"),
    ],
)
def test_an_error_keeps_a_secret(item: ConfigItem, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        checked(item, value)
    assert item.name in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_an_unusable_variable_keeps_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(ConfigItem("PIN", 0, "of secret size", secret=True), "PYRO_PIN", "sesame")
    assert "PYRO_PIN" in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(caught.value.__cause__)


def test_a_secret_is_masked_and_its_absence_is_not() -> None:
    assert shown(SECRET, "sesame") == shown(SECRETS, ("sesame",)) == "***"
    assert shown(SECRET, "") == "''"
    assert shown(SECRETS, ()) == "()"


# For people ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "name"),
    [(FLAG, "bool"), (COUNT, "int"), (SECONDS, "float"), (NAME, "str"), (COLOURS, "list"), (NAMES, "list")],
)
def test_types_by_name(item: ConfigItem, name: str) -> None:
    assert type_name(item) == name
    assert type_name(MAYBE) == "str or None"


@pytest.mark.parametrize(
    ("item", "value", "text"),
    [
        (FLAG, True, "True"),
        (COUNT, 3, "3"),
        (SECONDS, 0.5, "0.5"),
        (NAME, "a b", "a b"),
        (NAME, "", "''"),
        (NAME, "a\nb\x1b[1m", r"'a\nb\x1b[1m'"),
        (MAYBE, None, "None"),
        (NAMES, ("a", "b"), "a, b"),
        (NAMES, (), "()"),
        (NAMES, ("a\n",), r"'a\n'"),
    ],
)
def test_values_for_people(item: ConfigItem, value: Any, text: str) -> None:
    assert shown(item, value) == text
