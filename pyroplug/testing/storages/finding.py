"""Finding by prefix and by tags: exactly what is asked for, in order."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import NameRecord, NameStore
from pyroplug.testing.suite import Breach, for_all

from .support import AWKWARD, NAMES, TAG_SETS, TAGS, StorageTests, clear, done, names_of, record, records

__all__ = ["FindingTests"]

EXACT = "a prefix is compared exactly: no character stands for others, and upper case is not lower case"
MANY_TAGS = 40


class FindingTests(StorageTests):
    """What find finds."""

    @pytest.mark.parametrize(
        "prefix", [name for name in AWKWARD if name], ids=lambda prefix: ascii(prefix)[:20]
    )
    def test_prefixes_are_exact(self, store: NameStore, prefix: str) -> None:
        """Among names that are nearly alike."""
        names = {*AWKWARD, *(f"{prefix}{name[:40]}" for name in AWKWARD)}
        for name in names:
            store.put(record(name), replace=True)
        wanted = [record(name) for name in sorted(names) if name.startswith(prefix)]
        self.same(records(done("find", lambda: store.find(prefix=prefix))), wanted, EXACT)

    def test_the_order_is_that_of_the_names(self, store: NameStore) -> None:
        """As Python sorts text, and so does UTF-8."""
        for name in AWKWARD[::-1]:
            store.put(record(name), replace=True)
        self.same(
            records(store.find()), [record(name) for name in sorted(AWKWARD)], "find gives names in order"
        )

    def test_tags(self, store: NameStore) -> None:
        """One of each kind of question."""
        for one in (record("a", "", "x", "y"), record("b", "", "x"), record("c", "", "X", "z"), record("d")):
            store.put(one, replace=True)
        x, y, z = frozenset("x"), frozenset("y"), frozenset("z")
        for all_of, any_of, wanted in (
            (x, frozenset(), ["a", "b"]),
            (x | y, frozenset(), ["a"]),
            (frozenset(), x, ["a", "b"]),
            (frozenset(), y | z, ["a", "c"]),
            (x, y | z, ["a"]),
            (frozenset({"nobody"}), frozenset(), []),
            (frozenset(), frozenset({"nobody"}), []),
            (x | {"nobody"}, x, []),
            (frozenset(), frozenset(), ["a", "b", "c", "d"]),
        ):
            found = names_of(done("find", store.find, all_of=all_of, any_of=any_of))
            if found != wanted:
                raise Breach(
                    "find gives what has every tag of all_of, and one of any_of if it has any",
                    f"all_of={sorted(all_of)}, any_of={sorted(any_of)} gave {found}, not {wanted}",
                )

    def test_many_tags(self, store: NameStore) -> None:
        """More than a question is usually made for."""
        tags = [f"tag{number}" for number in range(MANY_TAGS)]
        one, other = record("a", "", *tags), record("b", "", *tags[1:])
        for it in (one, other):
            store.put(it, replace=True)
        many = frozenset([*tags, *(f"none{number}" for number in range(1500))])
        self.same(
            records(store.find(all_of=frozenset(tags))), [one], f"find takes {MANY_TAGS} tags in all_of"
        )
        found = done("find with 1500 tags", lambda: store.find(any_of=many))
        self.same(records(found), [one, other], "find takes 1500 tags in any_of")
        self.same(records(store.find(all_of=many)), [], "find takes 1500 tags in all_of")

    def test_whatever_is_asked(self, store: NameStore) -> None:
        """Compared with looking at each of them."""

        def check(
            kept: dict[str, frozenset[str]],
            prefix: str,
            all_of: frozenset[str],
            any_of: frozenset[str],
            with_tags: bool,
        ) -> None:
            clear(store)
            made = [
                NameRecord(name, f"PYRO:{number}@h:1", tags)
                for number, (name, tags) in enumerate(kept.items())
            ]
            for one in made:
                store.put(one, replace=True)
            wanted = [
                it
                for it in sorted(made)
                if it.name.startswith(prefix) and all_of <= it.tags and (not any_of or any_of & it.tags)
            ]
            found = records(
                done(
                    "find",
                    lambda: store.find(prefix=prefix, all_of=all_of, any_of=any_of, with_tags=with_tags),
                )
            )
            law = (
                f"find(prefix={prefix!r}, all_of={set(all_of)}, any_of={set(any_of)}, with_tags={with_tags})"
            )
            if not with_tags:
                tags = {it.name: it.tags for it in wanted}
                if wrong := [it for it in found if it.tags and it.tags != tags.get(it.name, it.tags)]:
                    raise Breach("with_tags=False leaves tags out, or gives the right ones", f"{wrong[0]!r}")
                found = [it._replace(tags=tags.get(it.name, it.tags)) for it in found]
            self.same(found, wanted, law)

        few = st.frozensets(st.sampled_from(TAGS[:5]), max_size=2)
        for_all(
            check,
            kept=st.dictionaries(NAMES, TAG_SETS, max_size=8),
            prefix=st.sampled_from(["", "a", "A", "a_", "a%", "ä", "a\U0010ffff", "\U0010ffff", "zz"]),
            all_of=few,
            any_of=few,
            with_tags=st.booleans(),
        )
