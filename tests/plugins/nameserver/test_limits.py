"""What clients may put into a name server is bounded, and what is refused is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver import limits
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.limits import Limits, Quota, host_of, size_of
from pyroplug_nameserver.server import NameServer
from pyroplug_nameserver.storages.memory import MemoryStore

from pyroplug.api import Proxy
from pyroplug.config import Configuration
from pyroplug.contracts import NameRecord, Peer
from pyroplug.errors import NamingError
from tests.running import settings

OWN = "Pyro.NameServer"
A = "PYRO:a@host:1"


@pytest.fixture
def config() -> Configuration:
    return settings(
        NS_MAX_NAMES=8,
        NS_MAX_NAMES_PER_CLIENT=5,
        NS_MAX_SIZE_PER_CLIENT=500,
        NS_MAX_LENGTH=100,
        NS_MAX_TAGS=3,
    )


@pytest.fixture
def daemon(config: Configuration) -> Iterator[NameServerDaemon]:
    with NameServerDaemon("127.0.0.1", 0, config=config) as daemon:
        thread = threading.Thread(target=daemon.requestLoop)
        thread.start()
        yield daemon
        daemon.shutdown()
        thread.join()


@pytest.fixture
def proxy(daemon: NameServerDaemon) -> Iterator[Any]:
    with Proxy(daemon.uriFor(OWN), config=settings()) as proxy:
        yield proxy


def test_each_limit_is_told_and_counted(daemon: NameServerDaemon, proxy: Any) -> None:
    assert daemon.nameserver is not None
    for number in range(5):
        proxy.register(f"n{number}", A)
    refused = {
        "NS_MAX_NAMES_PER_CLIENT": [lambda: proxy.register("one more", A)],
        "NS_MAX_LENGTH": [
            lambda: proxy.register("n" * 101, A),
            lambda: proxy.register("n0", f"PYRO:a@{'h' * 100}:1"),
            lambda: proxy.register("n0", A, metadata=["t" * 101]),
            lambda: proxy.set_metadata("n0", ["t" * 101]),
            lambda: proxy.yplookup(meta_any=["t" * 101]),
        ],
        "NS_MAX_TAGS": [
            lambda: proxy.register("n0", A, metadata=list("abcd")),
            lambda: proxy.set_metadata("n0", list("abcd")),
            lambda: proxy.yplookup(meta_all=list("abcd")),
        ],
        "NS_MAX_SIZE_PER_CLIENT": [
            lambda: (
                proxy.register("n0", A, metadata=[letter * 100 for letter in "abc"])
                or proxy.set_metadata("n1", [letter * 100 for letter in "abc"])
            )
        ],
    }
    for limit, calls in refused.items():
        for call in calls:
            with pytest.raises(NamingError) as caught:
                call()
            assert caught.value.limit == limit
            assert limit in str(caught.value.hint)
        assert daemon.refusals.counts()[limit] == len(calls)
    for number in range(5, 8):
        daemon.nameserver.register(f"n{number}", A)
    proxy.remove("n0")
    daemon.nameserver.register("n0", A)
    with pytest.raises(NamingError, match="full") as caught:
        proxy.register("one more", A)
    assert caught.value.limit == "NS_MAX_NAMES"
    proxy.register("n7", "PYRO:b@host:1")
    assert proxy.count() == 9


def test_what_was_refused_takes_no_room(proxy: Any) -> None:
    for number in range(5):
        proxy.register(f"n{number}", A)
        for _ in range(3):
            with pytest.raises(NamingError, match="already registered"):
                proxy.register(f"n{number}", A, safe=True)
    proxy.remove(regex="n[12]")
    proxy.remove(prefix="n3")
    for number in range(1, 4):
        proxy.register(f"m{number}", A)
    with pytest.raises(NamingError, match="may have no more"):
        proxy.register("one more", A)


def test_an_answer_that_is_too_large_is_refused_before_it_is_made() -> None:
    names = NameServer(config=settings(MAX_MESSAGE_SIZE=10_000))
    for number in range(1000):
        names.register(f"name{number:04}", A, metadata=["tag"])
    for call in (names.list, lambda: names.list(regex=".*"), lambda: names.yplookup(meta_any=["tag"])):
        with pytest.raises(NamingError, match="too many names for one answer") as caught:
            call()
        assert caught.value.limit == "MAX_MESSAGE_SIZE"
        assert "MAX_MESSAGE_SIZE" in str(caught.value), "a client sees the text alone"
    assert len(names.list(prefix="name00")) == 100


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_what_no_storage_could_keep_is_refused(text: str) -> None:
    names = NameServer(config=settings())
    for call in (
        lambda: names.register(text, A),
        lambda: names.register("a", A, metadata=[text]),
        lambda: names.register("a", f"PYRO:{text}@h:1"),
    ):
        with pytest.raises(NamingError, match="no meaning in Unicode"):
            call()
    with pytest.raises(NamingError, match="one character at least"):
        names.register("", A)
    assert names.count() == 0


# Who is whom


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("192.0.2.1", 5000), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5000, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5000, 0, 2), "fe80::/64"),
        (("::ffff:192.0.2.1", 5000, 0, 0), "192.0.2.1"),
        ("/run/ns.sock", "<unix>"),
        ("", "<unix>"),
    ],
)
def test_who_counts_as_one_client(address: Any, host: str) -> None:
    assert host_of(SimpleNamespace(peer=Peer(address, "unix"))) == host


# The books


def client(host: str) -> Any:
    return SimpleNamespace(peer=Peer((host, 1), "tcp"), limit_reached=lambda *_: None)


STEPS = st.tuples(
    st.sampled_from(["put", "put", "fail", "forget"]),
    st.sampled_from(["a", "bb", "ccc"]),
    st.sampled_from(["x", "y"]),
    st.frozensets(st.sampled_from(["t", "uu"])),
)


@given(st.lists(STEPS, max_size=30))
def test_the_books_are_right_whatever_happens(steps: list[tuple[str, str, str, frozenset[str]]]) -> None:
    quota = Quota(Limits.of(settings()), MemoryStore())
    owned: dict[str, tuple[str, int]] = {}
    for what, name, host, tags in steps:
        record = NameRecord(name, A, tags)
        if what == "put":
            with quota.room_for(record, client(host)):
                pass
            owned[name] = (host, size_of(record))
        elif what == "fail":
            with pytest.raises(RuntimeError), quota.room_for(record, client(host)):
                raise RuntimeError
        else:
            quota.forget([name])
            owned.pop(name, None)
        held = {
            one: [
                sum(owner == one for owner, _ in owned.values()),
                sum(size for owner, size in owned.values() if owner == one),
            ]
            for one in {owner for owner, _ in owned.values()}
        }
        assert quota._held == held
        assert quota._owners == owned


def test_names_that_vanished_elsewhere_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    store = MemoryStore()
    quota = Quota(Limits.of(settings(NS_MAX_NAMES_PER_CLIENT=3)), store)

    def put(name: str) -> None:
        record = NameRecord(name, A)
        with quota.room_for(record, client("x")):
            store.put(record, replace=True)

    for name in "abc":
        put(name)
    with pytest.raises(NamingError, match="may have no more"):
        put("d")
    store.remove(["a"])
    with pytest.raises(NamingError, match="may have no more"):
        put("d")  # it was looked at a moment ago
    now[0] += 60
    put("d")
    with pytest.raises(NamingError, match="may have no more"):
        put("e")
