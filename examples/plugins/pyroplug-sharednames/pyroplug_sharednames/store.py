"""The names of a folder, as one name server sees them.

Who changes something holds a lock on a file, which all processes respect; who reads takes none, for each file
is replaced as a whole. What was read is kept until the file is another one, so that finding reads only what
is new: and that is also how changes of others are noticed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

from .files import SUFFIX, Seen, file_of, read, version, write
from .watching import Changed, Watchers

__all__ = ["FolderStore"]

_LOCK = ".lock"


class FolderStore:
    """Names in a folder, which may change at any time. For any thread."""

    def __init__(self, folder: Path, clock: Callable[[], float], every: float) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = Lock()  # guards what follows
        self._seen: dict[str, Seen] = {}
        self._lapsed: dict[str, Seen] = {}
        self._closed = False
        self._watchers = Watchers(self._look_around, every)
        with self._explained("open"):
            folder.mkdir(exist_ok=True)
            list(os.scandir(folder))

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none."""
        with self._explained("read"):
            return self._look(file_of(name))

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false if the name is there and may not be replaced."""
        _check(record)
        file = file_of(record.name)
        with self._changing():
            if not replace and self._look(file) is not None:
                return False
            write(self._folder / file, record)
            self._changed(record.name, file)
        return True

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name: false if it is not there."""
        file = file_of(name)
        with self._changing():
            found = self._look(file)
            if found is None:
                return False
            changed = found._replace(tags=tags)
            _check(changed)
            write(self._folder / file, changed)
            self._changed(name, file)
        return True

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there. If one cannot be removed, the others are put back."""
        removed: list[NameRecord] = []
        with self._changing():
            try:
                for name in dict.fromkeys(names):
                    found = self._look(file_of(name))
                    if found is not None:
                        os.unlink(self._folder / file_of(name))
                        removed.append(found)
            except BaseException:
                for record in removed:
                    write(self._folder / file_of(record.name), record)
                raise
            for record in removed:
                self._changed(record.name, file_of(record.name))
        return len(removed)

    def count(self) -> int:
        """How many names there are."""
        return len(self._all())

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, by name: a mixture, if they change meanwhile."""
        return iter(
            sorted(
                one
                for one in self._all()
                if one.name.startswith(prefix) and all_of <= one.tags and (not any_of or any_of & one.tags)
            )
        )

    def watch(self, changed: Changed, /) -> Callable[[], None]:
        """Have each change told; what is returned ends that."""
        self._all()
        return self._watchers.add(changed)

    def close(self) -> None:
        """Use it no more."""
        self._closed = True
        self._watchers.close()

    # Reading

    def _all(self) -> list[NameRecord]:
        with self._explained("read"):
            return [record for record in map(self._look, self._look_around()) if record is not None]

    def _look_around(self) -> set[str]:
        """Notice all that has changed: the files that are there."""
        files = {entry.name for entry in os.scandir(self._folder) if entry.name.endswith(SUFFIX)}
        for file in files | self._seen.keys():
            self._look(file)
        return files

    def _look(self, file: str) -> NameRecord | None:
        """What a file says now, if that has not lapsed. It is told of if it is another one than before."""
        before = self._seen.get(file)
        try:
            same = before is not None and version(os.stat(self._folder / file)) == before.version
        except FileNotFoundError:
            same = False
        found = before if same else read(self._folder / file)
        lapsed = (
            found is not None and found.record.expires is not None and found.record.expires <= self._clock()
        )
        with self._lock:
            if found is None:
                self._seen.pop(file, None)
            else:
                self._seen[file] = found
            news = found != before or (lapsed and self._lapsed.get(file) != found)
            if lapsed and found is not None:
                self._lapsed[file] = found
            else:
                self._lapsed.pop(file, None)
        if news:
            self._watchers.tell((found or before).record.name)  # type: ignore[union-attr]
        return None if lapsed or found is None else found.record

    # Changing

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock that all who change something hold, in whatever process."""
        with self._explained("change"), open(self._folder / _LOCK, "ab") as lock, self._watchers.later():
            fcntl.flock(lock, fcntl.LOCK_EX)
            for file in tuple(self._lapsed):
                if self._look(file) is None:
                    (self._folder / file).unlink(missing_ok=True)
            yield
            directory = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def _changed(self, name: str, file: str) -> None:
        """Tell of a change of one's own: it can be found now."""
        found = read(self._folder / file)
        with self._lock:
            if found is None:
                self._seen.pop(file, None)
            else:
                self._seen[file] = found
        self._watchers.tell(name)

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        if self._closed:
            raise NamingError(f"the folder of names {self._folder} is closed", hint="open it again")
        try:
            yield
        except OSError as error:
            raise NamingError(
                f"cannot {doing} the folder of names {self._folder}: {error.strerror or error}",
                hint="look whether it is there, may be written to, and whether there is room on its disk",
            ) from error


def _check(record: NameRecord) -> None:
    try:
        "".join([record.name, record.uri, *record.tags]).encode()
    except UnicodeEncodeError:
        raise NamingError(
            f"the name {record.name!r:.100} cannot be kept: UTF-8 cannot encode it, its URI or its tags",
            hint="leave out the characters U+D800 to U+DFFF",
        ) from None
