"""Parameters: from the query, forms and JSON, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from werkzeug.test import Client

PATH = "/pyro/http.sample/arguments"
FORM = "application/x-www-form-urlencoded"

Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("query", "kwargs"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&a=2&b=3", {"a": ["1", "2"], "b": "3"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("a=1+2%2B3", {"a": "1 2+3"}),
        ("a=%C3%A9", {"a": "é"}),
        (
            "objectId=Pyro.Daemon&flags=4&methodname=x",
            {"objectId": "Pyro.Daemon", "flags": "4", "methodname": "x"},
        ),
        ("self=1", {"self": "1"}),
    ],
)
def test_the_query(ask: Ask, query: str, kwargs: Any) -> None:
    if "self" in kwargs:
        assert ask(f"{PATH}?{query}").status_code == 500, "that is the method's business"
        return
    assert ask(f"{PATH}?{query}").json == [[], kwargs]
    assert ask(f"{PATH}?{query}", "POST").json == [[], kwargs]


def test_a_form(ask: Ask) -> None:
    form = {"a": "1", "b": ["2", "3"], "c": "é"}
    assert ask(PATH, "POST", data=form).json == [[], form]
    assert ask(f"{PATH}?a=0&z=9", "POST", data=form).json == [[], {**form, "a": ["0", "1"], "z": "9"}]


def test_a_form_in_parts(ask: Ask) -> None:
    answer = ask(PATH, "POST", data={"a": "1", "b": ["2", "3"]}, content_type="multipart/form-data")
    assert answer.json == [[], {"a": "1", "b": ["2", "3"]}]


def test_files_are_not_taken(ask: Ask) -> None:
    from io import BytesIO

    answer = ask(PATH, "POST", data={"a": "1", "f": (BytesIO(b"x"), "x.txt")})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ({}, [[], {}]),
        ([], [[], {}]),
        ({"a": 1, "b": 2.5, "c": None, "d": True, "e": [1, {"f": "é"}]},) * 2,
        ([1, 2.5, None, False, [1], {"x": {}}],) * 2,
        ([10**100, -1, 1e300],) * 2,
        (["\ud800"],) * 2,
        ({"": 1, "with space": 2},) * 2,
    ],
)
def test_json_keeps_its_types(ask: Ask, body: Any, given: Any) -> None:
    if given is body:
        given = [body, {}] if isinstance(body, list) else [[], body]
    assert ask(PATH, "POST", json=body).json == given


def test_json_beside_the_query(ask: Ask) -> None:
    assert ask(f"{PATH}?z=1", "POST", json=[2]).json == [[2], {"z": "1"}]
    assert ask(f"{PATH}?z=1", "POST", json={"a": 2}).json == [[], {"z": "1", "a": 2}]
    assert ask(f"{PATH}?a=1", "POST", json={"a": 2}).status_code == 400


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 200),
        (b"1", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"null", "application/json", 400),
        (b"[NaN]", "application/json", 400),
        (b"[Infinity]", "application/json", 400),
        (b"[1e999]", "application/json", 400),
        (b"[" + b"9" * 5000 + b"]", "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b'[{"__class__": "Pyro5.client.Proxy"}]', "application/json", 400),
        (b'{"\\u005f_class__": "x"}', "application/json", 400),
        (b"[" * 64 + b"]" * 64, "application/json", 200),
        (b"[" * 65 + b"]" * 65, "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[" * 100_000 + b"]" * 100_000, "application/json", 400),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "application/json", 400),
        (b'["\xe9"]', "application/json", 400),
        (b"\xef\xbb\xbf[]", "application/json", 400),
        (b"[]", "application/json; charset=utf-16", 415),
        ("[]".encode("utf-16"), "application/json", 400),
        (b"[]", "application/json; charset=UTF-8", 200),
        (b"[]", "text/plain", 415),
        (b"[]", "application/pickle", 415),
        (b"[]", "", 415),
        (b"a=1", "application/x-www-form-urlencoded; charset=latin-1", 415),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"a=1", "multipart/form-data", 400),
        (b"[" + b"1," * 600_000 + b"1]", "application/json", 413),
        (b"a=" + b"1" * (1 << 20), FORM, 413),
        (b"a=%ff", FORM, 400),
        (b"a=%c0%af", FORM, 400),
        (b"a=%ed%a0%80", FORM, 400),
        (b"a=\xff", FORM, 400),
        (b"a&" * 999 + b"a", FORM, 200),
        (b"a&" * 1000 + b"a", FORM, 413),
    ],
)
def test_bodies(ask: Ask, body: bytes, content_type: str, status: int) -> None:
    answer = ask(PATH, "POST", data=body, content_type=content_type)
    assert answer.status_code == status
    if status != 200:
        assert json.loads(answer.data)["__exception__"] is True


@pytest.mark.parametrize(
    "query", ["a=%ff", "%c0%ae=1", "a=%ed%a0%80", "a=\xff", "a=1&b=%E9", "&".join("a" * 1001)]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_that_is_no_text(ask: Ask, query: str, method: str) -> None:
    answer = ask(PATH, method, environ_overrides={"QUERY_STRING": query})
    assert answer.status_code == (413 if len(query) > 1000 else 400)
    assert json.loads(answer.data)["__exception__"] is True


def test_parameters_make_no_objects(ask: Ask) -> None:
    """On the remote side a dictionary with this member is an object of that class."""
    made = {"__class__": "Pyro5.core.URI", "state": "x"}
    assert ask(PATH, query_string=made).status_code == 400
    assert ask(PATH, "POST", query_string=made, json=[]).status_code == 400
    for content_type in (FORM, "multipart/form-data"):
        assert ask(PATH, "POST", data=made, content_type=content_type).status_code == 400


@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data; boundary=x"])
def test_compressed_bodies_are_not_taken(ask: Ask, content_type: str) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert ask(PATH, "POST", data=b"[]", content_type=content_type, headers=headers).status_code == 415
    answer = ask(PATH, "POST", json=[1], headers={"Content-Encoding": "identity"})
    assert answer.json == [[1], {}]


def test_a_body_of_a_get_request_is_not_looked_at(ask: Ask) -> None:
    answer = ask(f"{PATH}?a=1", data=b"{", content_type="application/json")
    assert answer.json == [[], {"a": "1"}]


def test_limits_can_be_set(make: Callable[..., Gateway]) -> None:
    client = Client(make(max_body=10, max_depth=2))
    assert client.post(PATH, json=[[1]]).status_code == 200
    assert client.post(PATH, json=[[[1]]]).status_code == 400
    assert client.post(PATH, json=[1234567890]).status_code == 413
