"""The built-in observers pass the suite that every observer has to pass."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pyroplug_observers import CallLog

from pyroplug.contracts import CallObserver
from pyroplug.testing import CallObserverSuite


class TestCallLog(CallObserverSuite):
    @pytest.fixture
    def observer(self) -> Iterator[CallObserver]:
        log = logging.getLogger("pyroplug_observers.calls")
        handler = Texts()
        before, log.propagate = log.propagate, False
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        yield CallLog()
        log.setLevel(logging.NOTSET)
        log.removeHandler(handler)
        log.propagate = before


class Texts(logging.Handler):
    """Makes the text of each record, and keeps none."""

    def emit(self, record: logging.LogRecord) -> None:
        assert record.getMessage().isprintable()
