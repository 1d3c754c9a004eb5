"""The page in a browser: what it shows of answers, streams and errors, and that none of it is markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from pyroplug.api import expose
from tests.plugins.gateway.shop import NASTY, Shop
from tests.support import PATIENCE

from .browsing import Tab

Open = Callable[..., Tab]

SHOP = "http.shop"


# Answers ---------------------------------------------------------------------------------------------


def test_numbers_keep_their_digits(tab: Open) -> None:
    page = tab("#http.shop/catalogue")
    page.call()
    shown = page.text(".answer .json")
    assert "7000000000000000000003" in shown
    assert '"price": 4.0' in shown
    assert "茉莉花茶" in shown
    page.one(".json summary").click()
    assert page.text(".answer .json").replace(" ", "") == "[3items]"


def test_a_large_answer_is_shown_in_parts(tab: Open) -> None:
    page = tab("#http.shop/numbers")
    page.call("100000")
    assert len(page.all(".json .entry")) == 100
    page.one(".json .inside > button").click()
    assert len(page.all(".json .entry")) == 200
    assert page.text(".json .inside > button") == "Show more: 99,800 left"
    assert len(json.loads(page.copied(".status .copy"))) == 100_000


def test_nothing(tab: Open) -> None:
    page = tab("#http.shop/nothing")
    page.call()
    assert page.text(".answer .json") == "null"


JSON = [
    '{"a": [1, 2.50, -0, 1e5, "x\\u0041", true, null], "a": {}}',
    " [] ",
    "[" * 200 + "]" * 200,
    '"' + "x" * 5_000_000 + '"',
]
NOT_JSON = [
    "NaN",
    "[1,]",
    '{"a"}',
    "{'a': 1}",
    '"\t"',
    '"\\x"',
    '"a',
    "[1] 2",
    "",
    "+1",
    "-",
    "1.",
    "[",
    "tru",
]


def test_json(script: Callable[..., Any]) -> None:
    for text in (*JSON, *NOT_JSON):
        read = script("return m.parse(a).type", text, "json.js")
        if text in JSON:
            assert read == {dict: "object", list: "array", str: "string"}[type(json.loads(text))]
        else:
            assert read.startswith("error: not JSON at character ")
            with pytest.raises(ValueError, match=r"JSON|Expecting|Invalid|Unterminated|Illegal|Extra"):
                json.loads(text, parse_constant=no_constant)
    assert script("return m.parse('[NaN, -Infinity]', {lenient: true}).items.length", None, "json.js") == 2


def no_constant(text: str) -> None:
    raise ValueError(f"Not JSON: {text}")


# Streams ---------------------------------------------------------------------------------------------


def test_a_stream(tab: Open) -> None:
    page = tab("#http.shop/ticks")
    page.call("4")
    assert page.state() == "200 OK, 4 items"
    assert page.texts(".items li")[-1] == '{"tick": 3, "price": 5.25}'
    code = "return getComputedStyle(arguments[0], '::before').content"
    assert [page.script(code, each) for each in page.all(".items li")] == ['"1"', '"2"', '"3"', '"4"']
    assert page.curl().startswith("curl -N ")


def test_items_come_one_by_one_until_it_is_stopped(tab: Open, shop: Shop) -> None:
    page = tab("#http.shop/forever")
    page.one("button[type=submit]").click()
    page.until(lambda: page.texts(".items li") == ["1"])
    assert not page.shown(".curl")
    assert not shop._left.is_set()
    page.one(".panel .actions > button:not([type=submit]):not(.quiet)").click()
    page.answered()
    assert page.state() == "Stopped, 1 item"
    shop._go_on.set()
    assert shop._left.wait(PATIENCE), "the remote iterator was closed"


def test_many_items(tab: Open) -> None:
    page = tab("#http.shop/ticks")
    page.call("700")
    assert page.state() == "200 OK, 700 items"
    assert len(page.all(".items li")) == 500
    assert page.text(".answer .body .note") == "The last 500 of 700 items"
    assert len(page.copied(".status .copy").splitlines()) == 700


def test_a_stream_that_fails(tab: Open) -> None:
    page = tab("#http.shop/broken")
    page.call()
    assert page.state() == "Failed, 1 item"
    assert page.texts(".items li") == ['"first"']
    assert page.text(".failure .class") == "builtins.KeyError"


# Errors ----------------------------------------------------------------------------------------------


def test_a_remote_exception(tab: Open) -> None:
    page = tab("#http.shop/fail")
    page.call("sold out")
    assert page.state() == "500 Internal Server Error"
    assert page.text(".failure.remote .who") == "Raised by http.shop"
    assert page.text(".failure .class").endswith(".OutOfStock")
    assert page.text(".failure .message") == "sold out"
    assert not page.shown(".traceback pre")
    page.one(".traceback summary").click()
    assert 'File "shop.py"' in page.text(".traceback pre")
    assert "raise OutOfStock(text)" in page.text(".traceback pre")


def test_an_exception_with_several_arguments(tab: Open) -> None:
    page = tab("#http.shop/buy")
    page.call(("article", "tea"), ("count", "7"))
    assert '{"left": 3}' in page.text(".failure .json")


def test_errors_of_the_gateways(tab: Open, uri: Callable[..., str]) -> None:
    page = tab("#http.gone", objects={SHOP: uri(), "http.gone": "PYRO:x@127.0.0.1:1"})
    assert page.text(".failure .message") == "the remote object cannot be reached"
    page.open("#http.shop/price")
    page.call(("__class__", "1"))
    assert page.state().startswith("400")
    assert page.text(".failure.gateway .who") == "The gateway does not understand the call"
    assert "__class__" in page.text(".failure .message")


def test_an_object_and_a_member_that_there_is_not(tab: Open) -> None:
    page = tab("#http.shop/nonsense")
    assert page.text(".members .trouble") == "It has no nonsense."
    page.open("#http.nonsense")
    assert page.text(".failure .who") == "The gateway cannot tell what it has"


def test_a_gateway_that_is_gone(tab: Open) -> None:
    page = tab("#http.shop/nothing")
    page.script("window.fetch = async () => { throw new TypeError('Failed to fetch') }")
    page.call()
    assert page.state() == "No answer"
    assert page.text(".failure.network .who") == "The gateway cannot be reached"
    assert page.text(".failure .message") == "Failed to fetch"


# Markup ----------------------------------------------------------------------------------------------


@expose
class Odd:
    """Its members would like to be markup, and so would what they say."""


def trap(self: Any) -> Any:
    raise ValueError(NASTY, {NASTY: NASTY})


setattr(Odd, NASTY.replace("/", ""), expose(trap))
Odd.trap = expose(trap)  # type: ignore[attr-defined]


def test_nothing_from_objects_is_markup(tab: Open, uri: Callable[..., str]) -> None:
    name = f"http.{NASTY}"
    seen = NASTY.replace("\u202e", "\\u202e")
    page = tab(objects={name: uri(), SHOP: uri(Odd)})
    assert page.texts("#names a") == [f"http.{seen}", SHOP]
    page.all("#names a")[0].click()
    assert page.text("#object h1") == f"http.{seen}"
    for member in ("text", "fail"):
        page.open(f"#{quote(name, safe='')}/{member}")
        page.call()
        assert json.dumps(NASTY)[1:-1].replace("\\\\", "\\") in json.dumps(page.text(".answer .body")) or (
            seen in page.text(".answer .body").replace('\\"', '"')
        )
    page.open("#http.shop/trap")
    page.call()
    page.one(".traceback summary").click()
    assert "<img src=x" in page.text(".traceback pre")
    assert any("<img src=x" in text for text in page.texts(".member-name"))
    page.one("#search").send_keys("<img")
    assert page.text("#names mark") == "<img"
    assert not page.all("img, main script, main style, [onerror]")
    assert page.script("return document.title") == f"{SHOP} · pyroplug"


def test_markup_is_refused_by_the_browser(tab: Open) -> None:
    """If a script tried: texts cannot become markup, nor addresses scripts."""
    page = tab()
    tried = page.script(
        """
        const element = document.createElement('div');
        try { element.innerHTML = '<b>x</b>'; return 'made'; } catch (error) { return error.name; }
        """
    )
    assert tried == "TypeError"
    assert any("TrustedHTML" in text for text in page.complaints())
