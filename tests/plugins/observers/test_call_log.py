"""Calls in the log."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import pyroplug_observers
import pytest

from pyroplug.contracts import CallObserver, CallOutcome, ObservedCall, Peer
from pyroplug.plugins import default_plugins
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind

LOG = "pyroplug_observers.calls"
CALL = ObservedCall("server", "counter", "add", False, Peer(("127.0.0.1", 40522), "tcp"), None)


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def logged(
    caplog: pytest.LogCaptureFixture, call: ObservedCall = CALL, error: BaseException | None = None
) -> logging.LogRecord:
    observe = pyroplug_observers.CallLog().open(None)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO, LOG):
        end = observe(call)
        assert end is not None
        end(CallOutcome(0.25, 1234, 5, error))
    (record,) = caplog.records
    return record


def test_the_plugin_offers_it() -> None:
    (observer,) = pyroplug_observers.pyroplug_call_observers()
    assert isinstance(observer, CallObserver)
    assert check(Kind.CALL_OBSERVER, observer) == {"name": "call-log"}
    assert default_plugins().get(Kind.CALL_OBSERVER, "call-log").name == "call-log"


def test_a_call(caplog: pytest.LogCaptureFixture) -> None:
    record = logged(caplog)
    assert (record.name, record.levelno) == (LOG, logging.INFO)
    assert record.getMessage() == (
        "server: counter.add from 127.0.0.1:40522: 0.250000 s, 1,234 bytes in, 5 out"
    )
    facts: Any = record.call  # type: ignore[attr-defined]
    assert facts["side"] == "server"
    assert (facts["object_id"], facts["method"], facts["peer"]) == ("counter", "add", "127.0.0.1:40522")
    assert (facts["seconds"], facts["request_size"], facts["response_size"]) == (0.25, 1234, 5)
    assert facts["error"] is facts["correlation_id"] is None
    assert facts["oneway"] is False


def test_a_one_way_call_of_a_client_with_a_correlation_id(caplog: pytest.LogCaptureFixture) -> None:
    mine = uuid.uuid4()
    record = logged(caplog, CALL._replace(side="client", oneway=True, correlation_id=mine))
    assert record.getMessage().startswith("client: counter.add to 127.0.0.1:40522: ")
    assert record.getMessage().endswith(f", one-way, correlation id {mine}")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("on purpose"), "ValueError: on purpose"),
        (ValueError(), "ValueError"),
        (SilentError(), "SilentError: its text cannot be had"),
        (ValueError("x" * 1000), f"ValueError: {'x' * 188}..."),
    ],
)
def test_a_failure_is_a_warning(caplog: pytest.LogCaptureFixture, error: Exception, told: str) -> None:
    record = logged(caplog, error=error)
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith(f", failed: {told}")


def test_what_peers_choose_stays_in_its_line(caplog: pytest.LogCaptureFixture) -> None:
    call = CALL._replace(object_id="a\nERROR:root:forged", method="\x1b[2J" + "m" * 1000)
    record = logged(caplog, call, error=ValueError("two\nlines"))
    assert record.getMessage().isprintable()
    assert "a\\nERROR:root:forged" in record.getMessage()
    assert len(record.getMessage()) < 800


def test_nobody_who_does_not_listen_is_told(caplog: pytest.LogCaptureFixture) -> None:
    observe = pyroplug_observers.CallLog().open(None)  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR, LOG):
        assert observe(CALL) is None
    with caplog.at_level(logging.WARNING, LOG):
        end = observe(CALL)
        assert end is not None
        end(CallOutcome(0.1, 1, 1, None))
    assert caplog.records == []
