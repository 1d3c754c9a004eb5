"""The validator that looks at whose process a local client is, which the kernel of the system knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from pyroplug.contracts import Gate, Hello, Settings
from pyroplug.errors import ConfigError, SecurityError

__all__ = ["PeerCredentials"]

USERS = "HANDSHAKE_ALLOWED_USERS"
GROUPS = "HANDSHAKE_ALLOWED_GROUPS"

_NOBODYS_ID = 0xFFFFFFFF
"""What the system says where it does not know."""


class PeerCredentials:
    """Lets in the processes of the users, and of the groups, that the configuration lists.

    With neither listed it is the user that the daemon runs as. Clients on other machines are refused.
    """

    name = "peer-credentials"

    def open(self, settings: Settings, /) -> Gate:
        """What knows the users and groups. Raises ``ConfigError`` for one that does not exist."""
        users = _ids(USERS, settings.HANDSHAKE_ALLOWED_USERS, "user", _id_of_user)
        groups = _ids(GROUPS, settings.HANDSHAKE_ALLOWED_GROUPS, "group", _id_of_group)
        if not users and not groups:
            users = frozenset((os.geteuid(),))
        return _AllowedCredentials(users, groups)


class _AllowedCredentials:
    def __init__(self, users: frozenset[int], groups: frozenset[int]) -> None:
        self._users = users
        self._groups = groups

    def validate(self, hello: Hello, /) -> None:
        """Agree if the client's user or group is allowed."""
        facts = hello.peer.facts
        user, group = facts.get("uid"), facts.get("gid")
        if not isinstance(user, int) or not isinstance(group, int) or _NOBODYS_ID in (user, group):
            raise SecurityError(
                "only local clients are allowed here, of whom the system tells which user they are",
                hint="connect through the daemon's Unix socket",
            )
        if user not in self._users and group not in self._groups:
            raise SecurityError(f"clients of user {user} and group {group} are not allowed here")


def _ids(item: str, entries: Iterable[str], what: str, id_of: Callable[[str], int]) -> frozenset[int]:
    ids = set()
    for entry in entries:
        try:
            found = int(entry) if entry.isascii() and entry.isdigit() else id_of(entry)
        except (KeyError, ValueError):
            raise ConfigError(
                f"configuration item {item}: there is no {what} {entry!r} on this machine",
                hint=f"list {what} names that it knows, or ids",
            ) from None
        if not 0 <= found < _NOBODYS_ID:
            raise ConfigError(f"configuration item {item}: {entry} is not the id of any {what}")
        ids.add(found)
    return frozenset(ids)


def _id_of_user(name: str) -> int:
    import pwd  # not on every system

    return pwd.getpwnam(name).pw_uid


def _id_of_group(name: str) -> int:
    import grp

    return grp.getgrnam(name).gr_gid
