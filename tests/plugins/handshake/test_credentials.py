"""Who is let in for the user whose process it is."""

from __future__ import annotations

import grp
import os
import pwd
from types import SimpleNamespace
from typing import Any

import pytest
from pyroplug_handshake import PeerCredentials

from pyroplug.contracts import Hello, Peer
from pyroplug.errors import ConfigError, SecurityError

USER, GROUP = os.geteuid(), os.getegid()
OTHER = 54321


def settings(users: Any = (), groups: Any = ()) -> Any:
    return SimpleNamespace(HANDSHAKE_ALLOWED_USERS=users, HANDSHAKE_ALLOWED_GROUPS=groups)


def hello(**facts: Any) -> Hello:
    return Hello(Peer("", "unix", facts), "some object", "hello", {})


def admits(allowed: Any, uid: Any, gid: Any) -> bool:
    try:
        PeerCredentials().open(allowed).validate(hello(pid=1, uid=uid, gid=gid))
    except SecurityError:
        return False
    return True


@pytest.mark.parametrize(
    ("users", "groups", "uid", "gid", "expected"),
    [
        ((), (), USER, OTHER, True),
        ((), (), OTHER, GROUP, False),
        (("54321",), (), OTHER, GROUP, True),
        (("54321",), (), USER, GROUP, False),
        (("54321",), (), GROUP, OTHER, False),
        ((), ("54321",), USER, OTHER, True),
        ((), ("54321",), USER, GROUP, False),
        ((), ("54321",), OTHER, GROUP, False),
        (("54321", "54322"), ("54323",), 54322, GROUP, True),
        (("54321", "54322"), ("54323",), USER, 54323, True),
        (("54321", "54322"), ("54323",), USER, GROUP, False),
        ((pwd.getpwuid(0).pw_name,), (), 0, OTHER, True),
        ((pwd.getpwuid(0).pw_name,), (), 54321, OTHER, False),
        ((), (grp.getgrgid(0).gr_name,), OTHER, 0, True),
        (("54321",), (), 0, 0, False),
    ],
)
def test_users_and_groups(users: Any, groups: Any, uid: int, gid: int, expected: bool) -> None:
    assert admits(settings(users, groups), uid, gid) is expected


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"uid": USER},
        {"gid": GROUP},
        {"uid": str(USER), "gid": str(GROUP)},
        {"uid": None, "gid": None},
        {"certificate": {"subject": ()}},
        {"uid": 0xFFFFFFFF, "gid": GROUP},
        {"uid": USER, "gid": 0xFFFFFFFF},
    ],
)
def test_whom_the_system_does_not_know(facts: Any) -> None:
    for allowed in (settings(), settings((str(USER),), (str(GROUP),))):
        with pytest.raises(SecurityError, match="only local clients"):
            PeerCredentials().open(allowed).validate(hello(**facts))


def test_the_refused_is_told_who_it_is_and_nothing_else() -> None:
    gate = PeerCredentials().open(settings(("54321",)))
    with pytest.raises(SecurityError) as caught:
        gate.validate(hello(uid=7, gid=8))
    assert str(caught.value) == "clients of user 7 and group 8 are not allowed here"


@pytest.mark.parametrize("entry", ["no such user here", "", "-1", "4294967295", "99999999999", "1.5", "²"])
@pytest.mark.parametrize("kind", ["user", "group"])
def test_no_daemon_is_made_for_whom_the_machine_does_not_know(kind: str, entry: str) -> None:
    allowed = settings(("0", entry)) if kind == "user" else settings((), ("0", entry))
    with pytest.raises(ConfigError, match=f"HANDSHAKE_ALLOWED_{kind.upper()}S.*{kind}"):
        PeerCredentials().open(allowed)
