"""One record, one file: its name, its text, and ways to change it that leave no half of anything behind."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

__all__ = ["SUFFIX", "Seen", "file_of", "read", "version", "write"]

SUFFIX = ".json"


class Seen(NamedTuple):
    """What a file was when it was read.

    :ivar version: another one if the file was replaced since.
    """

    version: tuple[int, int, int]
    record: NameRecord


def file_of(name: str) -> str:
    """The file that a name is kept in. Names may be long, and have any characters; files' names may not."""
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest() + SUFFIX


def version(status: os.stat_result) -> tuple[int, int, int]:
    """A file that is put in another one's place has a number of its own, and a time."""
    return status.st_ino, status.st_mtime_ns, status.st_size


def read(path: Path) -> Seen | None:
    """What is in a file, which is whole at any time; ``None`` if it is not there."""
    try:
        with open(path, encoding="utf-8") as file:
            found, text = version(os.fstat(file.fileno())), file.read()
    except FileNotFoundError:
        return None
    try:
        fields: dict[str, Any] = json.loads(text)
        record = NameRecord(fields["name"], fields["uri"], frozenset(fields["tags"]), fields["expires"])
    except (ValueError, KeyError, TypeError) as error:
        raise NamingError(
            f"{path} is no record of a name: {error}", hint="remove the file, and register its name again"
        ) from error
    return Seen(found, record)


def write(path: Path, record: NameRecord) -> None:
    """Put a record in place of what is in a file. It is on the disk when this returns."""
    fields = {**record._asdict(), "tags": sorted(record.tags)}
    data = json.dumps(fields, ensure_ascii=False).encode()
    draft = path.with_name(f".{uuid4().hex}")
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
