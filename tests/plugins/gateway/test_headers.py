"""What browsers are told, and what they may do for other web sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.headers import Cors, is_loopback
from werkzeug.test import Client

PATH = "/pyro/http.sample/stock"
SHOP = "https://shop.example.org"

Make = Callable[..., Gateway]


def test_nobody_else_by_default(make: Make) -> None:
    client = Client(make())
    for method in ("GET", "OPTIONS"):
        answer = client.open(PATH, method=method, headers={"Origin": SHOP})
        assert "Access-Control" not in str(answer.headers)


@pytest.mark.parametrize(
    ("cors", "allowed"),
    [("*", "*"), (SHOP, SHOP), (f"https://other.org, {SHOP}", SHOP), (f"{SHOP} http://x", SHOP)],
)
def test_who_is_allowed(make: Make, cors: str, allowed: str) -> None:
    client = Client(make(cors=cors, key="k"))
    for path, status in ((f"{PATH}?$key=k", 200), (PATH, 403), ("/nothing", 404)):
        answer = client.get(path, headers={"Origin": SHOP})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        assert answer.headers["Access-Control-Expose-Headers"] == "X-Pyro-Correlation-Id"
        assert answer.headers.get("Vary") == (None if allowed == "*" else "Origin")


def test_the_question_before(make: Make) -> None:
    client = Client(make(cors=SHOP, key="k"))
    answer = client.options("/pyro/anything/at-all", headers={"Origin": SHOP})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == ["Content-Type", "X-Pyro-Options", "X-Pyro-Gateway-Key", "X-Pyro-Correlation-Id"]


@pytest.mark.parametrize("origin", ["https://evil.org", "null", "", f"{SHOP}.evil.org", SHOP.upper()])
def test_who_is_not(make: Make, origin: str) -> None:
    client = Client(make(cors=SHOP))
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.open(PATH, method=method, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers["Vary"] == "Origin"
        assert answer.status_code == (200 if method == "OPTIONS" else 403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "https://localhost"}, 200),
        ({"Origin": "http://LOCALHOST"}, 200),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)
def test_calls_for_other_sites_are_refused(make: Make, headers: dict[str, str], status: int) -> None:
    client = Client(make())
    assert client.get(PATH, headers=headers).status_code == status
    assert client.post("/pyro/http.sample/sell", headers=headers).status_code == status
    assert client.get("/pyro/", headers=headers).status_code == 200, "links may lead to the page"


def test_all_sites_may_be_allowed(make: Make) -> None:
    client = Client(make(cors="*"))
    for headers in ({"Origin": "https://any.org"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.get(PATH, headers=headers).status_code == 200


def test_no_origin_is_allowed_by_an_empty_setting() -> None:
    for origins in ("", " ", ",", " , "):
        environ: dict[str, Any] = {"HTTP_ORIGIN": "x"}
        assert Cors(origins).headers(environ) == []
        assert Cors(origins).preflight(environ) == []


@pytest.mark.parametrize(
    ("names", "host", "status"),
    [
        ("", "evil.org", 200),
        ("*", "evil.org", 200),
        ("localhost", "evil.org", 403),
        ("localhost", "evil.org:8080", 403),
        ("localhost", "localhost", 200),
        ("localhost", "LocalHost:8080", 200),
        ("localhost", "localhost.:8080", 200),
        ("localhost", "gateway.localhost", 200),
        ("localhost", "localhost.evil.org", 403),
        ("localhost", "127.0.0.1:8080", 200),
        ("localhost", "[::1]:8080", 200),
        ("localhost", "127.0.0.1.evil.org", 403),
        ("localhost", "[evil", 403),
        ("localhost", "", 403),
        ("shop.org, Other.org", "other.org", 200),
        ("shop.org, Other.org", "localhost:1", 200),
        ("shop.org, Other.org", "www.shop.org", 403),
    ],
)
def test_host_names(make: Make, names: str, host: str, status: int) -> None:
    client = Client(make(hosts=names))
    for path in (PATH, "/pyro/", "/pyro/openapi.json"):
        assert client.get(path, environ_overrides={"HTTP_HOST": host}).status_code == status
    assert client.get("/healthz", environ_overrides={"HTTP_HOST": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("shop", False),
    ],
)
def test_where_only_this_machine_is(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local
