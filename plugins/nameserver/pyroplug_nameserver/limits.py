"""How much a name server takes: the length of names and tags, how many of them, and from whom.

A refusal is a :exc:`~pyroplug.errors.NamingError` with the limit's name, and counted among the daemon's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from pyroplug.api import current_context
from pyroplug.contracts import NameRecord, NameStore, Settings
from pyroplug.errors import NamingError

__all__ = ["Limits", "Quota"]

_RECOUNT_EVERY = 30.0
"""Seconds between two looks at which of a client's names are still there."""
_COUNT_EVERY = 60.0
"""Seconds between two counts of all names, as others may use the store too."""
_COUNT_FULL_EVERY = 1.0
"""Seconds between two counts while the server is full."""
_OVERHEAD = 8
"""Bytes that a text takes in an answer beside its characters, at the least."""


class Limits(NamedTuple):
    """What a name server's configuration allows, 0 for any number.

    :ivar names: names in all.
    :ivar per_client: names of one client.
    :ivar size_per_client: characters of these, with their URIs and tags.
    :ivar length: characters of a name, a URI or a tag.
    :ivar tag_count: tags of a name.
    :ivar answer_size: bytes of an answer.
    """

    names: int
    per_client: int
    size_per_client: int
    length: int
    tag_count: int
    answer_size: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that are configured."""
        return cls(
            settings.NS_MAX_NAMES,
            settings.NS_MAX_NAMES_PER_CLIENT,
            settings.NS_MAX_SIZE_PER_CLIENT,
            settings.NS_MAX_LENGTH,
            settings.NS_MAX_TAGS,
            settings.MAX_MESSAGE_SIZE,
        )

    def check_name(self, name: str) -> None:
        """Raise ``NamingError`` for a name that is not to be kept."""
        if not name:
            raise NamingError("a name has one character at least", hint="nobody could look up an empty one")
        self._check_text("name", name)

    def check_uri(self, uri: str) -> None:
        """Raise ``NamingError`` for a URI that is too long."""
        self._check_text("URI", uri)

    def tags(self, metadata: Any) -> frozenset[str]:
        """Tags as a set, from whatever collection of texts a client sends.

        :raises TypeError: it is none.
        :raises NamingError: there are too many, or one is too long.
        """
        if not metadata:
            return frozenset()
        if isinstance(metadata, (str, bytes)) or not isinstance(metadata, Iterable):
            raise TypeError(f"tags are a set or list of texts, not a {type(metadata).__name__}")
        given = list(metadata)
        if len(given) > self.tag_count:
            raise refusal("NS_MAX_TAGS", f"{len(given)} tags are too many for one name: {self.tag_count}")
        for tag in given:
            if not isinstance(tag, str):
                raise TypeError(f"a tag is a text, not a {type(tag).__name__}")
            self._check_text("tag", tag)
        return frozenset(given)

    def answer(self, found: Iterable[NameRecord], with_tags: bool) -> dict[str, Any]:
        """Records as clients get them.

        :raises NamingError: they cannot fit into one message.
        """
        answer: dict[str, Any] = {}
        left = self.answer_size
        for name, uri, tags, _ in found:
            answer[name] = (uri, set(tags)) if with_tags else uri
            left -= len(name) + len(uri) + _OVERHEAD
            if with_tags and tags:
                left -= sum(map(len, tags))
            if left < 0:
                raise refusal(
                    "MAX_MESSAGE_SIZE",
                    f"there are too many names for one answer of {self.answer_size} bytes",
                    "ask for less at a time, by a longer prefix; its MAX_MESSAGE_SIZE says how much fits",
                )
        return answer

    def _check_text(self, what: str, text: str) -> None:
        if len(text) > self.length:
            raise refusal("NS_MAX_LENGTH", f"a {what} of {len(text)} characters is too long: {self.length}")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NamingError(f"the {what} {text!r} has no meaning in Unicode: {error.reason}") from None


class Quota:
    """Who has brought how many of the names that are there, by the address from which they came.

    Only what was registered here since the start is counted. Names also vanish elsewhere, by lapsing or
    through another server; a client is found out not to have them any longer before it is refused.
    """

    def __init__(self, limits: Limits, store: NameStore) -> None:
        self._limits = limits
        self._store = store
        self._lock = threading.RLock()
        self._owners: dict[str, tuple[str, int]] = {}  # a name's client, and its size
        self._held: dict[str, list[int]] = {}  # a client's names, and their size
        self._recounted: dict[str, float] = {}
        self._room = 0  # how many more names there may be, as of the last count
        self._counted = -_COUNT_EVERY

    @contextmanager
    def room_for(self, record: NameRecord, client: Any) -> Iterator[None]:
        """Count a record that is put within the block, unless that fails.

        :param client: the connection that it came by; ``None`` for this process, which may have any number.
        :raises NamingError: there is no room for it.
        """
        if client is None:
            with self._lock:
                self._room -= 1
            yield
            return
        host, size = host_of(client), size_of(record)
        with self._lock:
            before = self._owners.get(record.name)
            self._check(record.name, host, size, before)
            self._take(record.name, host, size)
        try:
            yield
        except BaseException:
            with self._lock:
                if self._owners.get(record.name) == (host, size):
                    self._drop(record.name)
                    if before is not None:
                        self._take(record.name, *before)
            raise

    def forget(self, names: Iterable[str]) -> None:
        """These are not there any longer."""
        with self._lock:
            for name in names:
                self._drop(name)

    def _check(self, name: str, host: str, size: int, before: tuple[str, int] | None) -> None:
        limits = self._limits
        for _ in range(2):
            count, total = self._held.get(host, (0, 0))
            if before is not None and before[0] == host:
                count, total = count - 1, total - before[1]
            too_many = limits.per_client and count >= limits.per_client
            too_large = limits.size_per_client and total + size > limits.size_per_client
            if not (too_many or too_large):
                break
            if not self._recount(host):
                limit = "NS_MAX_NAMES_PER_CLIENT" if too_many else "NS_MAX_SIZE_PER_CLIENT"
                raise refusal(
                    limit, f"{host} has {count} names with {total} characters, and may have no more"
                )
        if limits.names and before is None and not self._has_room() and not self._has(name):
            raise refusal("NS_MAX_NAMES", f"the name server is full: it keeps {limits.names} names")

    def _has_room(self) -> bool:
        """Whether one more name is not too many. All names are counted now and then, as that takes long."""
        now = time.monotonic()
        if now - self._counted > (_COUNT_EVERY if self._room > 0 else _COUNT_FULL_EVERY):
            self._room = self._limits.names - self._store.count()
            self._counted = now
        self._room -= 1
        return self._room >= 0

    def _has(self, name: str) -> bool:
        return self._store.get(name) is not None

    def _recount(self, host: str) -> bool:
        """Drop what the client has no longer; false if there was a recount a moment ago."""
        now = time.monotonic()
        if now - self._recounted.get(host, -_RECOUNT_EVERY) < _RECOUNT_EVERY:
            return False
        self._recounted = {one: then for one, then in self._recounted.items() if now - then < _RECOUNT_EVERY}
        self._recounted[host] = now
        names: Sequence[str] = [name for name, (owner, _) in self._owners.items() if owner == host]
        for name in names:
            if not self._has(name):
                self._drop(name)
        return True

    def _take(self, name: str, host: str, size: int) -> None:
        self._drop(name)
        self._owners[name] = (host, size)
        held = self._held.setdefault(host, [0, 0])
        held[0] += 1
        held[1] += size

    def _drop(self, name: str) -> None:
        host, size = self._owners.pop(name, ("", 0))
        held = self._held.get(host)
        if held is not None:
            held[0] -= 1
            held[1] -= size
            if not held[0]:
                del self._held[host]


def refusal(limit: str, what: str, hint: str = "") -> NamingError:
    """The error for what a limit refuses; it is counted."""
    error = NamingError(what, hint=hint or f"the name server's {limit} says how much it takes")
    error.limit = limit
    client = current_context.client
    if client is not None:
        client.limit_reached(limit, f"{client.peer}: {what}")
    return error


def host_of(client: Any) -> str:
    """What stands for a client among others: its host, its IPv6 network of 64 bits, or its transport."""
    address = client.peer.address
    if not isinstance(address, tuple) or not address:
        return f"<{client.peer.transport}>"
    host = str(address[0])
    if ":" not in host:
        return host
    v6 = IPv6Address(host.partition("%")[0])
    return str(v6.ipv4_mapped or f"{IPv6Address(int(v6) >> 64 << 64)}/64")


def size_of(record: NameRecord) -> int:
    """The characters of a record."""
    return len(record.name) + len(record.uri) + sum(map(len, record.tags))
