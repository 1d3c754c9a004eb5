"""The kernel's loggers are those of ``logging``, later."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from pyroplug.loggers import logger


def test_what_is_logged_is_logged_where_it_happens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pyroplug.somewhere"):
        logger("pyroplug.somewhere").info("it is %d", 1)
    (record,) = caplog.records
    assert (record.name, record.levelname, record.message) == ("pyroplug.somewhere", "INFO", "it is 1")
    assert (record.pathname, record.funcName) == (__file__, "test_what_is_logged_is_logged_where_it_happens")


def test_an_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logger("pyroplug.somewhere").exception("it failed")
    assert "ValueError: broken" in caplog.text


def test_a_level_that_is_set_later_counts(caplog: pytest.LogCaptureFixture) -> None:
    log = logger("pyroplug.somewhere")
    with caplog.at_level(logging.ERROR, "pyroplug.somewhere"):
        assert not log.isEnabledFor(logging.WARNING)
    with caplog.at_level(logging.DEBUG, "pyroplug.somewhere"):
        assert log.isEnabledFor(logging.WARNING)


def test_logging_is_imported_when_something_is_logged() -> None:
    code = """
import sys
from pyroplug.loggers import logger
log = logger("x")
before = "logging" in sys.modules
log.warning("now")
print(before, "logging" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert (run.stdout, run.stderr) == ("False True\n", "now\n")
