"""Patterns mean what they mean to Python's own engine, and no pattern takes more than a bounded time."""

from __future__ import annotations

import contextlib
import re
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import patterns
from pyroplug.errors import NamingError
from pyroplug.patterns import Pattern

ALPHABET = "ab_1 .-A\u00e9"


def _sets() -> st.SearchStrategy[str]:
    members = st.sampled_from([*"ab_1.\u00e9", "A-Z", "a-z", "0-9", "\\d", "\\w", "\\S", "\\."])
    return st.builds("[{}{}]".format, st.sampled_from(["", "^"]), st.lists(members, min_size=1).map("".join))


_ATOMS = st.one_of(
    st.sampled_from([*"ab_1 -A.\u00e9", "\\.", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S"]),
    st.sampled_from(["^", "$", "\\A", "\\Z", "\\x61", "\\u0062", "\\-", "\\\\", "(?:)", "()"]),
    _sets(),
)
_ANCHORS = frozenset({"^", "$", "\\A", "\\Z"})


def _more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeats = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{,2}", "{0,3}", "{1,2}?"])
    group = st.builds("({}{})".format, st.sampled_from(["", "?:"]), inner)
    return st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds("{}{}".format, st.one_of(group, _ATOMS.filter(lambda atom: atom not in _ANCHORS)), repeats),
    )


PATTERNS = st.builds(
    "{}{}".format, st.sampled_from(["", "(?i)", "(?s)"]), st.recursive(_ATOMS, _more, max_leaves=8)
)


@given(PATTERNS, st.lists(st.text(ALPHABET, max_size=6), max_size=8))
def test_patterns_mean_what_they_mean_to_python(text: str, names: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = re.compile(text)
    ours = Pattern(text)
    for name in names:
        matched = theirs.fullmatch(name) is not None
        assert ours.matches(name) == matched, name
        assert name.startswith(ours.prefix) or not matched


@given(st.text(max_size=12), st.text(max_size=8))
def test_any_text_is_a_pattern_or_refused(text: str, name: str) -> None:
    try:
        ours = Pattern(text)
    except NamingError:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = re.compile(text)
    if "\n" not in name and "(?i)" not in text:
        assert ours.matches(name) == (theirs.fullmatch(name) is not None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(", "a ) is missing"),
        (")", "a ) without a ("),
        ("[a", "a ] is missing"),
        ("*a", "nothing to repeat"),
        ("a**", "a repetition of a repetition"),
        ("a{3,2}", "least number"),
        ("a{2000}", "more than 1000 times"),
        ("a\\", "a character after"),
        ("[z-a]", "a range"),
        (r"(a)\1", r"\1 is not known"),
        (r"a\b", r"\b is not known"),
        ("(?=a)", "(?= is not known"),
        ("(?<=a)", "(?< is not known"),
        ("(?P<n>a)", "no names"),
        ("(?>a)", "(?> is not known"),
        ("a++", "possessive"),
        ("(?x) a", "(?x is not known"),
        ("(?sx)a", "flags"),
        ("((((){1000}){1000}){1000}){1000}", "too large"),
        ("(((a?){1000}){1000}){1000}", "too large"),
        ("(" * 60, "too many groups"),
        ("\\xg0", "2 hexadecimal digits"),
        ("((a{500}){500}){500}", "too large"),
        ("a" * 1001, "too long"),
    ],
)
def test_what_is_no_pattern_is_told(text: str, told: str) -> None:
    with pytest.raises(NamingError) as caught:
        Pattern(text)
    assert told in caught.value.args[0]


@pytest.mark.parametrize(
    "text", ["(a*)*b", "(a|a)*b", "(a+)+$", "(.*)*x", "(a|aa)+$", ".*.*.*.*.*.*.*.*x", "(?:a?){50}a{50}b"]
)
def test_what_keeps_python_busy_for_years_is_quick(text: str) -> None:
    pattern = Pattern(text)
    begin = time.perf_counter()
    assert not pattern.matches("a" * 1000 + "!")
    assert time.perf_counter() - begin < 5.0


def test_the_work_for_one_pattern_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_WORK", 20_000)
    pattern = Pattern("(?:.*[ab].{200}){3}")
    names = ("".join(chr(97 + (number >> bit & 1)) for bit in range(16)) * 20 for number in range(1, 10_000))
    with pytest.raises(NamingError, match="too much work") as caught:
        [pattern.matches(name) for name in names]
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "(?:(?:(?:" + "|" * 18 + "){900}).)*",  # ways that lead nowhere
        "(?:[" + "".join(f"{chr(low)}-{chr(low + 1)}" for low in range(0x4E00, 0x5200, 4)) + "X]?.){0,450}",
    ],
)
def test_work_that_leads_nowhere_counts(text: str) -> None:
    pattern = Pattern(text)
    names = ["".join(chr(0x5300 + (37 * at + 101 * one) % 20_000) for at in range(1000)) for one in range(40)]
    begin = time.perf_counter()
    with contextlib.suppress(NamingError):
        [pattern.matches(name) for name in names]
    assert time.perf_counter() - begin < 5.0


@given(st.lists(st.tuples(st.sampled_from("bcdefgh"), st.integers(0, 3)), max_size=5), st.characters())
def test_ranges_may_overlap(ranges: list[tuple[str, int]], char: str) -> None:
    text = "[a" + "".join(f"{low}-{chr(ord(low) + more)}" for low, more in ranges) + "]"
    assert [Pattern(text).matches(one) for one in (*"abcdefghijkl", char)] == [
        re.fullmatch(text, one) is not None for one in (*"abcdefghijkl", char)
    ]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_KEPT", 50)
    pattern = Pattern(".*x")
    for number in range(1000):
        assert pattern.matches(f"{chr(200 + number)}x")
    assert sum(len(place.following) for place in pattern._known.values()) <= 50


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        (r"shop\.print.*", "shop.print"),
        ("^abc$", "abc"),
        ("(ab)c+d", "ab"),
        ("a|b", ""),
        ("(?i)abc", ""),
        ("[a]b", ""),
        ("", ""),
    ],
)
def test_what_all_matching_names_begin_with(text: str, prefix: str) -> None:
    assert Pattern(text).prefix == prefix
