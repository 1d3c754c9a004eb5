"""Which names are exposed."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_gateway.exposure import Exposed, alternatives

from pyroplug import patterns
from pyroplug.errors import ConfigError


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"http\.", ["http.", "http.shop", "http.a.b"], ["http", "xhttp.shop", "https.a", "Pyro.NameServer"]),
        (r"http\..*", ["http.", "http.shop"], ["http", "xhttp."]),
        (r"http\.shop", ["http.shop"], ["http.shops", "http.shop.x", "xhttp.shop", "httpxshop"]),
        (r"shop|test\.", ["shop", "test.a"], ["shops", "shop.a", "atest.a"]),
        (r".*", ["", "anything", "xPyro.x"], ["Pyro.NameServer", "Pyro.", "a\nb"]),
        (r"Pyro\.|test\.", ["Pyro.NameServer", "test.echo"], ["http.shop"]),
        (r".*|Pyro\.NameServer", ["x", "Pyro.NameServer"], ["Pyro.Daemon"]),
        (r"(Pyro|test)\..*", ["test.echo"], ["Pyro.NameServer"]),
        (r"[P]yro\..*", [], ["Pyro.NameServer"]),
        (r"http\.[a-z]+", ["http.shop"], ["http.a.SECRET", "http.A"]),
        (r"http\.(a|b)", ["http.a", "http.b"], ["http.c", "b"]),
        (r"a[|]b", ["a|b"], ["a", "b"]),
        (r"a\|b", ["a|b"], ["a", "b"]),
        (r"test\\.", [r"test\x"], ["test.x", r"test\xy"]),
        ("", [], ["", "x", "http.shop", "Pyro.NameServer"]),
        (r"|a", ["a"], ["", "x"]),
        (r".+", ["a" * 255], ["a" * 256]),
        (r"a$", ["a"], ["a\n"]),
    ],
)
def test_patterns(pattern: str, yes: list[str], no: list[str]) -> None:
    exposed = Exposed(pattern)
    assert [name for name in yes if not exposed(name)] == []
    assert [name for name in no if exposed(name)] == []


@pytest.mark.parametrize(
    "pattern", [r"http\.([a-z]+\.?)+", r"(a*)*b", r"(http\.|[a-z.]*)*", r".*.*.*.*.*.*x"]
)
def test_no_name_takes_long(pattern: str) -> None:
    """Python's own engine takes years for some of them, in which the whole process stands still."""
    exposed = Exposed(pattern)
    start = time.monotonic()
    assert not exposed("http." + "a" * 249 + "!")
    assert not exposed("a" * 255 + "!")
    assert time.monotonic() - start < 5


def test_strangers_names_do_not_use_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_WORK", 200)
    exposed = Exposed(r"http\..*z")
    for number in range(200):
        assert not exposed(f"http.{chr(0x4E00 + number)}")
        assert exposed("http.z")


@pytest.mark.parametrize("pattern", ["(", "[", "*", "a)|(b", "(?P<a>x)|(?P<a>y)", "(?=a)a", r"(a)\1"])
def test_no_regular_expressions(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Exposed(pattern)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("", [""]),
        ("a|b", ["a", "b"]),
        ("(a|b)|c", ["(a|b)", "c"]),
        ("[a|b]|c", ["[a|b]", "c"]),
        ("[]|]|c", ["[]|]", "c"]),
        ("[^]|]|c", ["[^]|]", "c"]),
        (r"[\]|]|c", [r"[\]|]", "c"]),
        (r"a\|b|c", [r"a\|b", "c"]),
        ("[a", ["[a"]),
    ],
)
def test_alternatives(pattern: str, parts: list[str]) -> None:
    assert alternatives(pattern) == parts


@given(st.lists(st.text(min_size=1, max_size=5), max_size=4), st.text(max_size=8))
def test_names_themselves_are_all_that_they_expose(names: list[str], name: str) -> None:
    exposed = Exposed("|".join(map(re.escape, names)))
    wanted = {each for each in names if not each.endswith(".")}
    prefixes = [each for each in names if each.endswith(".")]
    assert exposed(name) == (name in wanted or any(_begins(name, each) for each in prefixes))


def _begins(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and "\n" not in name[len(prefix) :]
