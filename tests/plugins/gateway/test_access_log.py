"""Requests in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from werkzeug.test import Client

LOG = "pyroplug_gateway.access"

Ask = Callable[..., Any]


@pytest.fixture
def log(caplog: Any) -> Any:
    """Shows what is logged; its records have attributes of ours."""
    caplog.set_level(logging.INFO, LOG)
    return caplog


def test_a_line_for_each_request(ask: Ask, log: Any) -> None:
    answer = ask("/pyro/http.sample/echo?message=hidden", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    (record,) = log.records
    correlation = answer.headers["X-Pyro-Correlation-Id"]
    assert record.name == LOG
    assert record.levelno == logging.INFO
    text = record.getMessage()
    assert text.startswith("192.0.2.1 GET /pyro/http.sample/echo: 200, 8 bytes, 0.0")
    assert text.endswith(f" s, correlation id {correlation}")
    facts = record.request
    assert 0 < facts.pop("seconds") < 20
    assert facts == {
        "client": "192.0.2.1",
        "method": "GET",
        "path": "/pyro/http.sample/echo",
        "status": 200,
        "size": 8,
        "correlation_id": correlation,
    }


def test_failures_are_warnings(ask: Ask, log: Any) -> None:
    ask("/pyro/http.sample/fail")
    ask("/pyro/other/x")
    assert [(record.levelname, record.request["status"]) for record in log.records] == [
        ("WARNING", 500),
        ("INFO", 403),
    ]


def test_the_key_is_not_logged(make: Callable[..., Gateway], log: Any) -> None:
    log.set_level(logging.DEBUG)
    gateway = make(key="open sesame")
    assert "sesame" not in repr(gateway.settings)
    client = Client(gateway)
    client.get("/pyro/http.sample/fail?$key=open%20sesame")
    client.get("/pyro/http.sample/fail?$key=sesame")
    assert len(log.records) >= 2
    assert "sesame" not in log.text


def test_what_clients_send_cannot_make_lines(ask: Ask, log: Any) -> None:
    ask("/", environ_overrides={"PATH_INFO": "/pyro/a\nINFO fake\x1b[31m\x00/x"})
    text = log.records[0].getMessage()
    assert text.isprintable()
    assert "\\n" in text
    ask("/" + "x" * 5000)
    assert len(log.records[1].getMessage()) < 400


def test_streams_are_logged_in_the_end(ask: Ask, log: Any) -> None:
    answer = ask("/pyro/http.sample/numbers")
    assert not log.records
    assert answer.data == b"0\n1\n2\n"
    answer.close()
    assert [record.request["size"] for record in log.records] == [6]


def test_a_log_that_nobody_wants_costs_nothing(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, LOG)
    ask("/pyro/http.sample/fail")
    assert not caplog.records


def test_why_an_object_cannot_be_reached_is_logged_and_not_told(
    make: Callable[..., Gateway], caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(make(objects={"gone": "PYRO:x@127.0.0.1:9"}))
    answer = client.get("/pyro/gone/x")
    assert answer.status_code == 502
    assert b"127.0.0.1" not in answer.data
    (record,) = [it for it in caplog.records if it.name == "pyroplug_gateway.app"]
    assert record.levelname == "WARNING"
    assert "127.0.0.1:9" in record.getMessage()
    assert record.getMessage().isprintable()
