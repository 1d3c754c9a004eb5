"""Connections whose peers are not accepted yet: for how long they may stay, and how many at a time.

All of this happens in the loop's thread, but for ``discard``.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from pyroplug.contracts import Settings
from pyroplug.errors import ConfigError

from . import limits
from .links import Link
from .places import KEPT

__all__ = ["Crowding", "Greeters", "crowding"]


class Crowding(NamedTuple):
    """How the item ``MAX_GREETINGS`` reads.

    :ivar begin: as many may greet undisturbed; 0 for any number.
    :ivar rate: from there on, with each newcomer one is refused with this probability, in percent.
    :ivar full: it grows to a hundred percent for as many: there never are more.
    """

    begin: int
    rate: int
    full: int

    def chance(self, greeting: int) -> float:
        """The probability of a refusal when so many greet already, and one more comes."""
        if not self.begin or greeting < self.begin:
            return 0.0
        if greeting >= self.full:
            return 1.0
        return (self.rate + (100 - self.rate) * (greeting - self.begin) / (self.full - self.begin)) / 100


def crowding(text: str) -> Crowding:
    """What ``begin:rate:full`` says, or one number for both ends. Raises ``ConfigError``."""
    parts = text.split(":")
    if all(part.strip().isdecimal() for part in parts) and len(parts) in (1, 3):
        begin, rate, full = map(int, parts if len(parts) == 3 else (parts[0], "100", parts[0]))
        if rate <= 100 and begin <= full:
            return Crowding(begin, rate, full)
    raise ConfigError(
        f"configuration item MAX_GREETINGS is {text!r}",
        hint="it has to be begin:rate:full, such as 100:30:1000, the rate in percent; 0 is for no limit",
    )


class Greeters:
    """Those who greet, the oldest first.

    With the answer that accepts it a peer still is one of them, until it has taken that; and whoever has the
    place that is kept for the operator, for as long as that lasts.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises ``ConfigError``."""
        self.seconds: float = max(0.0, settings.HANDSHAKE_TIMEOUT)
        """From connecting to being accepted, at most; 0 for ever."""
        self.item: str = settings.MAX_GREETINGS
        self._crowding = crowding(self.item)
        self._links: dict[Link, None] = {}

    def __len__(self) -> int:
        return len(self._links)

    def add(self, link: Link) -> None:
        """One more."""
        self._links[link] = None

    def discard(self, link: Link) -> None:
        """One less, if it is there. From any thread."""
        self._links.pop(link, None)

    def is_overdue(self, link: Link, now: float) -> bool:
        """Whether it is one of them, and its time is over."""
        return bool(self.seconds) and link in self._links and link.opened <= now - self.seconds

    def overdue(self, now: float) -> list[Link]:
        """Those whose time is over."""
        self._forget_the_accepted()
        if not self.seconds:
            return []
        latest = now - self.seconds
        return [link for link in list(self._links) if link.opened <= latest]

    def next_due(self) -> float | None:
        """When, by the monotonic clock, the time of the oldest is over; ``None`` if nobody's will be."""
        first = next(iter(list(self._links)), None)
        return first.opened + self.seconds if first is not None and self.seconds else None

    def is_crowded(self, spare: bool) -> bool:
        """Whether with a newcomer somebody has to go.

        :param spare: the newcomer has one of the last descriptors.
        """
        rule = Crowding(limits.SPARE_GREETERS, 100, limits.SPARE_GREETERS) if spare else self._crowding
        if not rule.chance(len(self._links)):
            return False
        self._forget_the_accepted()
        if rule.chance(len(self._links)) == 1.0:
            return True
        # Who has said something, and waits for a thread, or has left, is not what the crowd is made of.
        silent = sum(link.parked for link in list(self._links))
        return _random() < rule.chance(silent)

    def draw(self, spare: bool) -> Link | None:
        """Who has to go: one of those who greet, or the newcomer, for whom ``None`` stands.

        Each may be it. So a crowd that just stays there pushes out itself, and hardly a client that comes and
        says what it has to say.
        """
        links = list(self._links)
        # With the last descriptors it is none of the newcomers, of whom one may be the operator.
        number = int(_random() * (len(links) + (not spare)))
        if number < len(links) and links[number].parked and not links[number].session.accepted:
            return links[number]
        return None

    def _forget_the_accepted(self) -> None:
        for link in list(self._links):
            if link.finished or (
                link.session.accepted and link.place != KEPT and not link.has_its_greeting_to_take
            ):
                self.discard(link)


def _random() -> float:
    # Nobody can foresee it; and the module random takes longer to import than all of this plugin.
    return int.from_bytes(os.urandom(4), "big") / (1 << 32)
