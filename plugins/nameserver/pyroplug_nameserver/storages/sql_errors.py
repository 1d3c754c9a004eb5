"""What SQLite says when it cannot do something, in words for who runs the name server."""

from __future__ import annotations

import sqlite3

from pyroplug.errors import NamingError

__all__ = ["explained", "is_passing"]

_LOCKED = ("database is locked", "database table is locked", "database schema is locked")
_HINTS = (
    (_LOCKED, "another program has kept the file locked: end it, or try again when it is ready"),
    (
        ("disk is full",),
        "make room on the disk: all names that were acknowledged are kept, and then new ones are again",
    ),
    (
        ("disk i/o error",),
        "look whether the disk is full or broken, or a limit on the size of files is reached:"
        " all names that were acknowledged are kept",
    ),
    (
        ("readonly", "read-only"),
        "let this user write to the file and to its folder: SQLite needs files beside it as well",
    ),
    (
        ("unable to open",),
        "make the folder, or let this user write to it: SQLite needs files beside the names' file as well",
    ),
    (
        ("not a database", "malformed", "encrypted"),
        "name another file, or bring this one back from a copy: it is none of SQLite's, or it is damaged",
    ),
)


def is_passing(error: sqlite3.Error) -> bool:
    """Whether only another one's lock is the reason."""
    return str(error).lower().startswith(_LOCKED)


def explained(error: Exception, doing: str, path: str) -> NamingError:
    """The error that callers get.

    :param doing: what could not be done, as in ``cannot …``.
    """
    text = str(error)
    for words, hint in _HINTS:
        if any(word in text.lower() for word in words):
            return NamingError(f"cannot {doing} in {path}: {text}", hint=hint)
    return NamingError(f"cannot {doing} in {path}: {text}", hint="SQLite's documentation explains its words")
