"""Tracebacks without the names of folders: what they tell of a server's disk is nobody's business."""

from __future__ import annotations

import re

__all__ = ["without_folders"]

_FILE = re.compile(r'(File ")[^"\n]*[\\/]')
_ABSOLUTE = re.compile(
    r"""(?<![\w.\\/:?&=%~<-])  # not within a URL, a division or a relative path; nor the end of an element
    (?:
        (?:[A-Za-z]:)?/ | [A-Za-z]:\\+  # a root
        | \\+ (?!x[\da-f]{2}|u[\da-f]{4}|U[\da-f]{8}) (?=[^\\\s'"]{2,}[\\/])  # and no escape
    )
    (?:[^\\/\s"'<>|:*?,;()\[\]{}]+(?:/|\\+))*  # folders
    (?=[^\\/\s"'<>|:*?,;()\[\]{}])  # and something in them
    """,
    re.VERBOSE,
)


def without_folders(text: str) -> str:
    """The text with only the last part of each absolute path, and of each file that a frame names."""
    return _ABSOLUTE.sub("", _FILE.sub(r"\1", text))
