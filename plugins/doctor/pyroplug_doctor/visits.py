"""One walk along the steps to an object, and what is known of it on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyroplug.api import URI, Proxy
from pyroplug.errors import ConfigError
from pyroplug.uri import DAEMON_NAME, NAMESERVER_NAME

from .findings import Finding, Outcome, Situation, failed, skipped
from .probes.first_bytes import Answer
from .probes.hosts import Target
from .remedies import Fault

__all__ = ["Step", "Visit", "walk"]


@dataclass
class Visit:
    """What is known so far.

    :ivar uri: the object's, a direct one.
    :ivar scope: what findings are about.
    :ivar names_at: the location of the name server that gave the URI; ``None`` if none did.
    :ivar targets: the host's addresses.
    :ivar answer: who is there.
    :ivar daemon: a connected proxy of the daemon.
    """

    uri: URI
    situation: Situation
    scope: str
    names_at: str | None = None
    targets: Sequence[Target] = ()
    answer: Answer | None = None
    daemon: Proxy[Any] | None = None
    accepted: Sequence[str] = field(default_factory=list)

    @property
    def location(self) -> str:
        assert self.uri.location is not None  # a direct one has it
        return self.uri.location

    @property
    def daemon_uri(self) -> str:
        """Of the object that every daemon serves."""
        return f"PYRO:{DAEMON_NAME}@{self.location}"

    @property
    def what(self) -> str:
        """What is visited, for people."""
        return "name server" if self.uri.object == NAMESERVER_NAME else "object"

    def close(self) -> None:
        """Leave no connection behind."""
        if self.daemon is not None:
            self.daemon._pyroRelease()
            self.daemon = None


Step = tuple[str, Callable[[Visit], Finding]]


def walk(visit: Visit, steps: Sequence[Step]) -> Iterator[Finding]:
    """Each step's finding, as it is made; after one that failed the others are skipped."""
    broken = ""
    for name, step in steps:
        if broken:
            finding = skipped(f"not tried, because of: {broken}")
        else:
            try:
                finding = step(visit)
            except ConfigError as error:
                finding = failed(Fault.MISCONFIGURED, str(error))
            except Exception as error:  # a server can answer, and raise, anything
                finding = failed(Fault.CALL_FAILED, f"{type(error).__name__}: {error}")
        yield finding.at(name, visit.scope)
        if finding.outcome is Outcome.FAILED:
            broken = name
