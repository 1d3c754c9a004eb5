"""What storages have to know of texts: those that can be kept, and where those with a prefix end."""

from __future__ import annotations

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

__all__ = ["after_prefix", "check_texts", "is_encodable"]

_LAST = "\U0010ffff"
_BEFORE_SURROGATES = "\ud7ff"
_AFTER_SURROGATES = "\ue000"


def is_encodable(text: str) -> bool:
    """Whether UTF-8 can encode a text: not if there are halves of surrogate pairs in it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_texts(record: NameRecord) -> None:
    """Raise :exc:`~pyroplug.errors.NamingError` for a record that has a text which cannot be kept."""
    for what, text in (("name", record.name), ("URI", record.uri), *(("tag", tag) for tag in record.tags)):
        if not is_encodable(text):
            raise NamingError(
                f"the {what} {text!r:.200} cannot be kept: UTF-8 cannot encode it",
                hint="leave out the halves of surrogate pairs: the characters U+D800 to U+DFFF",
            )


def after_prefix(prefix: str) -> str | None:
    """The least text, by code points, that is greater than all that begin with a prefix; ``None`` for none.

    Among texts that UTF-8 can encode: what it gives for one of them is another.
    """
    kept = prefix.rstrip(_LAST)
    if not kept:
        return None
    last = kept[-1]
    following = _AFTER_SURROGATES if last == _BEFORE_SURROGATES else chr(ord(last) + 1)
    return kept[:-1] + following
