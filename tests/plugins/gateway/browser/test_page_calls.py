"""The page in a browser: arguments, calls, and the same calls with curl."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.plugins.gateway.shop import NASTY, Shop
from tests.support import PATIENCE

from .browsing import Tab, missing

Open = Callable[..., Tab]

SHOP = "http.shop"


# Calls -----------------------------------------------------------------------------------------------


def test_a_call(tab: Open) -> None:
    page = tab()
    assert page.texts("#names a") == [SHOP]
    page.one("#names a").click()
    assert page.text("#object h1") == SHOP
    members = page.texts(".member-name")
    assert members[-2:] == ["opened", "owner"], "properties come last"
    assert "price" in members
    page.all(".member > h3 > button")[members.index("price")].click()
    page.call(("article", "Assam"), ("count", "3"))
    assert page.state() == "200 OK"
    assert page.text(".answer .time").endswith(" ms")
    assert "13.5" in page.text(".answer .json")
    assert len(page.text(".answer .correlation code")) == 36
    assert json.loads(page.copied(".status .copy"))["total"] == 13.5
    assert page.script("return location.hash") == "#http.shop/price"


UNDERSTOOD = [
    ("3", "3", "number"),
    ("tea", '"tea"', "text"),
    ('"3"', '"3"', "text"),
    (" true ", "true", "true or false"),
    ("null", "null", "null"),
    ("NaN", '"NaN"', "text"),
    ("01", '"01"', "text"),
    ("12345678901234567890.10", "12345678901234567890.10", "number"),
    ('{"a": [1, 2]}', '{"a": [1, 2]}', "object"),
    ("[1, ", '"[1, "', "not valid JSON: sent as text"),
    ("a\u202eb", '"a\\u202eb"', "text"),
    ("\ud800", '"\\ud800"', "text"),
    (" ", None, "left out"),
]
BODIES: list[tuple[Any, Any, str]] = [
    ([], None, ""),
    ([("", ""), ("x", " ")], None, ""),
    ([("", "1"), ("", "a")], '[1, "a"]', ""),
    ([("x", "1"), ("y", "a")], '{"x": 1, "y": "a"}', ""),
    ([("", "1"), ("y", "a b&c")], "[1]", "?y=a%20b%26c"),
    ([("", "1"), ("y", "2")], "error: name all arguments, or none", ""),
    ([("x", "1"), ("x", "2")], "error: two arguments have the name", ""),
    ([("$key", "1")], "error: $key is the gateway's own", ""),
]


def test_how_values_are_understood(script: Callable[..., Any]) -> None:
    found = script("return a.map(m.understood)", [typed for typed, _, _ in UNDERSTOOD])
    assert [(each["json"], each["kind"]) for each in found] == [(sent, hint) for _, sent, hint in UNDERSTOOD]


def test_arguments(script: Callable[..., Any]) -> None:
    for rows, body, query in BODIES:
        found = script("return m.fromRows(a)", [{"name": name, "text": text} for name, text in rows])
        if isinstance(found, str):
            assert found.startswith(body)
        else:
            assert (found["body"], found["query"]) == (body, query)


def test_arguments_as_json(tab: Open) -> None:
    page = tab("#http.shop/echo")
    page.fill(("x", "1"))
    page.all(".panel .arguments > .actions button")[1].click()
    field = page.one(".raw textarea")
    assert field.get_attribute("value") == '{"x": 1}'
    page.script("arguments[0].value = '[1, '", field)
    page.one("button[type=submit]").click()
    assert page.text(".call .trouble") == "the arguments are not JSON at character 5"
    page.script("arguments[0].value = '[1, {\"y\": 2}]'", field)
    page.call()
    assert not page.shown(".call .trouble")
    assert json.loads(page.copied(".status .copy"))["args"] == [1, {"y": 2}]


def test_rows_are_removed(tab: Open) -> None:
    page = tab("#http.shop/echo")
    page.fill("1", "2", "3")
    page.all(".row .remove")[1].click()
    assert page.focused() == "Value of argument 3: JSON or text"
    page.one("button[type=submit]").click()
    page.answered()
    assert json.loads(page.copied(".status .copy"))["args"] == [1, 3]


@pytest.mark.parametrize("member", ["note", "price"])
def test_one_way(tab: Open, shop: Shop, member: str) -> None:
    page = tab(f"#http.shop/{member}")
    box = page.one(".check input")
    assert (box.is_selected(), box.is_enabled()) == ((True, False) if member == "note" else (False, True))
    if member == "price":
        box.click()
    page.call("x")
    assert page.state() == "200 OK"
    assert "nobody waits" in page.text(".answer .body")
    assert member == "price" or shop._noted.wait(PATIENCE)


def test_a_property(tab: Open) -> None:
    page = tab("#http.shop/opened")
    page.answered()
    assert page.text(".answer .json") == "1"
    page.one(".panel .primary").click()
    page.until(lambda: page.text(".answer .json") == "2")
    assert page.curl() == f"curl '{page.url}http.shop/opened'"


# curl ------------------------------------------------------------------------------------------------

NASTY_VALUES = [
    'it\'s "quoted" `date` $HOME \\ !! %d',
    NASTY,
    "@/etc/hostname",
    "-d",
    "line\nbreak\ttab\r\u0000nul",
    "茶 🍵 \u202e\ud800",
]


@pytest.mark.parametrize("style", ["positional", "named", "mixed", "raised"])
def test_the_curl_line_makes_the_same_call(tab: Open, uri: Callable[..., str], style: str) -> None:
    if not shutil.which("curl"):
        missing("curl")
    name = "http.it's a/$HOME;`x` [1-3]{a,b}"
    page = tab(
        f"#{quote(name, safe='')}/{'fail' if style == 'raised' else 'echo'}", objects={name: uri()}, key="k'1"
    )
    page.one("#key-value").send_keys("k'1")
    page.one("#key button").click()
    page.one(".member")
    texts = NASTY_VALUES if style != "mixed" else NASTY_VALUES[:5]  # addresses have no halves of characters
    keys = {"positional": [""] * 6, "mixed": ["", "a", "b c", "d&e", "f='"], "raised": ["text"]}
    names = keys.get(style, ["a", "b c", "'", '"', "\u202e", "$x"])
    page.call(*[(key, json.dumps(text)) for key, text in zip(names, texts, strict=False)])
    line = page.curl()
    assert "k'1" not in line
    assert line.isascii() or "茶" in line
    answer = page.copied(".status .copy")
    environment = {"PATH": os.environ["PATH"], "PYRO_GATEWAY_KEY": "k'1"}
    command = ["bash", "-c", line] if shutil.which("bash") else ["sh", "-c", line]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True, env=environment)
    assert json.loads(done.stdout) == json.loads(answer)
    assert "quoted" in answer
    assert page.state() == ("500 Internal Server Error" if style == "raised" else "200 OK")


def test_the_curl_lines_words(script: Callable[..., Any]) -> None:
    request = {"url": "http://x/'/a", "method": "POST", "headers": {"A": "it's"}, "body": "'\n'"}
    line = script("return m.curl(a, {keyed: true, streamed: true})", request)
    words = shlex.split(line)
    assert words == [
        "curl",
        "-N",
        "http://x/'/a",
        "-H",
        "A: it's",
        "-H",
        "X-Pyro-Gateway-Key: $PYRO_GATEWAY_KEY",
        "--data-raw",
        "'\n'",
    ]
    bare = {"url": "http://x/", "method": "POST", "headers": {}, "body": None}
    assert script("return m.curl(a, {keyed: false})", bare) == "curl -X POST 'http://x/'"


def test_names_that_no_address_can_have(script: Callable[..., Any]) -> None:
    for name in ("..", "."):
        assert script("return m.address(a, 'x')", name).startswith("error: no address can have the name")
    assert script("return m.address(a, 'x')", "\ud800").startswith("error: the name is not valid Unicode")
    assert script("return m.address('x', 'a/b')").startswith("error: ")
    assert script("return m.address('a/..', 'x')").endswith("/pyro/a%2F../x")
