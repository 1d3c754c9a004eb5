"""Where there is no browser, tests of the page say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import browsing


def test_a_browser_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browsing, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="there is no chromium"), browsing.browser(tmp_path):
        pass


def test_a_browser_that_has_to_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browsing, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="there is no chromium"), browsing.browser(tmp_path):
        pass
