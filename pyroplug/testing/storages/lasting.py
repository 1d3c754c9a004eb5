"""Closing, opening again, and what becomes of names while the storage cannot do its work."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any

import pytest

from pyroplug.contracts import NameStore
from pyroplug.errors import NamingError
from pyroplug.testing.suite import Breach

from .support import Clock, OpenStore, StorageTests, done, record, records

__all__ = ["LastingTests"]


class LastingTests(StorageTests):
    """The end of a store, and its next beginning."""

    def test_closing(self, store: NameStore) -> None:
        """Twice is harmless, and then nothing works any more."""
        store.put(record("a"), replace=True)
        found = store.find()
        for _ in range(2):
            done("close", store.close)
        with suppress(NamingError):  # what was found before may still be gone through, or not
            list(found)
        calls: dict[str, Any] = {
            "get": lambda: store.get("a"),
            "put": lambda: store.put(record("b"), replace=True),
            "tag": lambda: store.tag("a", frozenset()),
            "remove": lambda: store.remove(["a"]),
            "count": store.count,
            "find": lambda: list(store.find()),
        }
        for name, call in calls.items():
            self._refused(f"{name} of a closed store raises NamingError", call)

    def test_it_is_there_when_it_is_opened_again(self, open_store: OpenStore, clock: Clock) -> None:
        """All that was acknowledged, with tags and leases."""
        if not self.durable:
            pytest.skip("the storage does not last: see the attribute 'durable'")
        kept = [
            record("a", "", "x", "y"),
            record("b", "", expires=clock() + 1000.0),
            record("c\0\U0010ffff", "", "\0"),
        ]
        store = open_store()
        for one in (*kept, record("gone"), record("lapses", expires=clock() + self.lease)):
            store.put(one, replace=False)
        store.remove(["gone"])
        store.close()
        clock.advance(self.lease + self.rounding + 0.05)
        for _ in range(2):
            again = open_store()
            self.expect(again, kept, "what was acknowledged is there when the storage is opened again")
            self.same(
                records(again.find(all_of=frozenset("x"))),
                kept[:1],
                "names are found by their tags when the storage is opened again",
            )
            again.close()

    def test_while_it_cannot_change_anything(
        self, store: NameStore, breakdown: AbstractContextManager[object] | None
    ) -> None:
        """Nothing is half done, and it goes on."""
        if breakdown is None:
            pytest.skip("the fixture 'breakdown' is not overridden")
        kept = [record("a", "", "x"), record("b", "", "x")]
        for one in kept:
            store.put(one, replace=False)
        with breakdown:
            changes: dict[str, Any] = {
                "put": lambda: store.put(record("c"), replace=False),
                "put with replace": lambda: store.put(record("a", "PYRO:new@h:1"), replace=True),
                "tag": lambda: store.tag("a", frozenset()),
                "remove": lambda: store.remove(["a", "b"]),
            }
            for name, change in changes.items():
                law = f"{name} raises NamingError, with a hint, where the storage cannot do its work"
                error = self._refused(law, change)
                if not getattr(error, "hint", None):
                    raise Breach(law, f"it had no hint: {error}", 'NamingError("…", hint="what to do")')
        self.expect(store, kept, "what fails changes nothing")
        done("put", lambda: store.put(record("c"), replace=False))
        self.expect(store, [*kept, record("c")], "a storage goes on when the reason is gone")

    def _refused(self, law: str, call: Any) -> NamingError:
        try:
            result = call()
        except NamingError as error:
            return error
        except Exception as error:
            raise Breach(law, f"it raised {type(error).__name__}: {error}") from error
        raise Breach(law, f"it returned {result!r:.100}")
