"""What all suites share: settings to give to a plugin, laws, how a breach is told, and nothing left behind.

A suite's tests ask the fixtures for everything, so that an author overrides one of them and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import hypothesis
import pytest
from hypothesis.strategies import SearchStrategy

from pyroplug.config import Configuration
from pyroplug.contracts import Settings

from .leaks import GRACE, Watch

__all__ = ["Breach", "Suite", "SuiteSettings", "for_all"]


class Breach(AssertionError):
    """A plugin breaks its contract.

    :ivar law: what the contract promises.
    :ivar found: what the plugin did.
    :ivar hint: what to do about it; may be empty.
    """

    def __init__(self, law: str, found: str, hint: str = "") -> None:
        super().__init__(f"{law}\nfound: {found}" + (f"\nhint: {hint}" if hint else ""))
        self.law = law
        self.found = found
        self.hint = hint


def for_all(check: Callable[..., None], **drawn: SearchStrategy[Any]) -> None:
    """Have hypothesis look for values with which a check fails, and tell the smallest.

    It is for use within a test: so the values can depend on its fixtures. How many are tried is up to the
    project's own hypothesis profile.

    :param drawn: where the check's arguments come from.
    """
    settings = hypothesis.settings(
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain],
        report_multiple_bugs=False,
    )
    settings(hypothesis.given(**drawn)(check))()


class SuiteSettings:
    """Configuration for a plugin on trial: its own values first, then pyroplug's items with their defaults.

    The environment has no say in it.

    :param values: by the items' names, as the author gave them; not checked, as the plugin that has the items
        need not be installed.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        self._defaults = Configuration(environ={})

    def __getattr__(self, name: str, /) -> Any:
        return getattr(self._defaults, name)


class Suite:
    """The common part of all suites.

    :cvar configuration: values of configuration items, by name, for what the defaults are not enough for.
    :cvar grace: seconds in which threads and descriptors may go that are about to, after a test.
    """

    configuration: ClassVar[Mapping[str, Any]] = {}

    grace: ClassVar[float] = GRACE

    @pytest.fixture
    def settings(self) -> Settings:
        """The settings that the plugin is given."""
        return SuiteSettings(self.configuration)

    @pytest.fixture(autouse=True)
    def nothing_is_left_behind(self) -> Iterator[None]:
        """No test leaves a thread running, or a descriptor open."""
        watch = Watch()
        yield
        left = watch.left_behind(self.grace)
        if left:
            raise Breach("a plugin leaves no thread and no open file behind", "\n".join(left))
