"""What travels beside calls, and how connections begin, end and begin again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from .conftest import ALL, EACH_SERIALIZER, EACH_SERVER, Link, over
from .harness import PAIRS, SERIALIZERS, Kind, Library

EVERY = EACH_SERIALIZER + [link for link in EACH_SERVER if link not in EACH_SERIALIZER]
CORRELATION = UUID("11223344-5566-7788-99aa-bbccddeeff00")


@pytest.fixture
def context(client: Library) -> Iterator[Any]:
    """The client's context, which is empty afterwards."""
    context = client.api.current_context
    yield context
    context.annotations = {}
    context.response_annotations = {}
    context.correlation_id = None


# Annotations and correlation ids


@over(EVERY)
def test_annotations_travel_both_ways(service: Any, context: Any) -> None:
    context.annotations = {"REQU": b"from the client", "MORE": bytearray(b"")}
    seen = service.context()
    assert seen["annotations"] == {"REQU": "from the client", "MORE": ""}
    assert seen["has client"]
    received = {key: bytes(value) for key, value in context.response_annotations.items()}
    assert received == {"RESP": b"from the server", "DAEM": b"from the daemon"}
    context.annotations = {}
    assert service.context()["annotations"] == {}
    service.value(1)
    assert {key: bytes(value) for key, value in context.response_annotations.items()} == {
        "DAEM": b"from the daemon"
    }


@over(EVERY)
def test_annotations_of_the_daemon_come_with_exceptions_and_iterators(service: Any, context: Any) -> None:
    with pytest.raises(ValueError, match="no such thing"):
        service.fail("builtin")
    assert bytes(context.response_annotations["DAEM"]) == b"from the daemon"
    items = service.count_to(1)
    assert next(items) == 1
    assert bytes(context.response_annotations["DAEM"]) == b"from the daemon"


@over(EVERY)
def test_correlation_ids(service: Any, context: Any) -> None:
    context.correlation_id = CORRELATION
    assert service.correlation() == str(CORRELATION)
    assert service.context()["correlation"] == str(CORRELATION)
    context.correlation_id = None
    first, second = UUID(service.correlation()), UUID(service.correlation())
    assert CORRELATION not in (first, second)


@over(EVERY)
def test_what_the_context_says_of_the_call(service: Any, link: Link) -> None:
    seen = service.context()
    number = {"serpent": 1, "marshal": 2, "json": 3, "msgpack": 4}[link.serializer]
    assert (seen["serializer"], seen["seq"]) == (number, service._pyroSeq)


# Handshake and metadata


@over(ALL)
def test_the_handshake(connect: Callable[..., Any], client: Library) -> None:
    answers = []

    class Asking(client.api.Proxy):  # type: ignore[misc,name-defined]
        def _pyroValidateHandshake(self, response: Any) -> None:
            answers.append(response)

    proxy = connect(cls=Asking)
    proxy._pyroHandshake = {"name": "me", "values": [1, None]}
    assert proxy.value(1) == 1
    assert answers == [{"you said": {"name": "me", "values": [1, None]}}]
    connect(cls=Asking)._pyroBind()
    assert answers[1] == {"you said": "hello"}


@over(ALL)
def test_a_refused_handshake(connect: Callable[..., Any], client: Library) -> None:
    proxy = connect()
    proxy._pyroHandshake = "refuse me"
    for _ in range(2):
        with pytest.raises(client.errors.CommunicationError, match="not today"):
            proxy.value(1)
        assert proxy._pyroConnection is None
    proxy._pyroHandshake = "please"
    assert proxy.value(1) == 1


@over(EVERY)
def test_metadata(connect: Callable[..., Any]) -> None:
    service = connect()
    service._pyroBind()
    assert {"value", "count_to", "note"} <= set(service._pyroMethods)
    assert not any(name.startswith("_") for name in service._pyroMethods)
    assert set(service._pyroOneway) == {"note", "note_and_fail"}
    assert set(service._pyroAttrs) == {"number", "constant", "broken", "countdown"}
    assert {"value", "number"} <= set(dir(service))
    special = {"__len__", "__getitem__", "__setitem__", "__delitem__", "__iter__"}
    container = connect("container")
    container._pyroBind()
    assert set(container._pyroMethods) == special


def test_both_libraries_tell_the_same_of_an_object(farm: Any, libraries: dict[str, Library]) -> None:
    told: list[Any] = []
    for server in ("Pyro5", "pyroplug"):
        for name in ("service", "container", "session", "Pyro.Daemon"):
            with libraries["pyroplug"].api.Proxy(farm[Kind(server)].uri(name)) as proxy:
                proxy._pyroBind()
                methods = proxy._pyroMethods - {"get_next_stream_items"}  # pyroplug's clients alone use it
                told.append((name, methods, proxy._pyroOneway, proxy._pyroAttrs))
    assert told[:4] == told[4:]


@over(EVERY)
def test_the_daemon_as_an_object(connect: Callable[..., Any], client: Library) -> None:
    daemon = connect("Pyro.Daemon")
    assert daemon.ping() is None
    assert {"Pyro.Daemon", "service", "spare", "session"} <= set(daemon.registered())
    assert isinstance(daemon.info(), str)
    metadata = daemon.get_metadata("service")
    assert set(metadata["oneway"]) == {"note", "note_and_fail"}
    assert "value" in metadata["methods"]
    with pytest.raises(client.errors.DaemonError, match="unknown object"):
        daemon.get_metadata("nobody")
    service = connect()
    assert service._pyroInvoke("ping", (), {}, objectId="Pyro.Daemon") is None
    service._pyroGetMetadata()
    assert "value" in service._pyroMethods


@over([link for link in EVERY if link.client == "pyroplug"])
def test_pings(service: Any) -> None:
    service._pyroChannel.ping()
    assert service.value(1) == 1
    service._pyroChannel.ping()


# Instance modes


@over(EVERY)
def test_session_instances(connect: Callable[..., Any]) -> None:
    first, second = connect("session"), connect("session")
    (one, _), (other, calls) = first.count(), second.count()
    assert one != other
    assert calls == 1
    assert first.count() == [one, 2]
    first._pyroRelease()
    again, calls = first.count()
    assert calls == 1
    assert again not in (one, other)


@over(EVERY)
def test_single_instances(connect: Callable[..., Any]) -> None:
    first, second = connect("single"), connect("single")
    (one, calls), (other, more) = first.count(), second.count()
    assert one == other
    assert more == calls + 1
    assert connect("created").how() == "made by its creator"


@over(EVERY)
def test_instances_for_each_call(connect: Callable[..., Any]) -> None:
    proxy = connect("percall")
    (first, calls), (second, more) = proxy.count(), proxy.count()
    assert first != second
    assert calls == more == 1


# Connections


@over(ALL)
def test_a_released_proxy_connects_again(service: Any) -> None:
    assert service.value(1) == 1
    service._pyroRelease()
    assert service._pyroConnection is None
    assert service.value(2) == 2
    service._pyroReconnect(1)
    assert service._pyroBind() is False
    assert service.value(3) == 3


@over(EACH_SERVER)
def test_timeouts(connect: Callable[..., Any], client: Library) -> None:
    service = connect()
    service._pyroBind()
    service._pyroTimeout = 0.05
    with pytest.raises(client.errors.TimeoutError):
        service.nap(0.3)
    assert service._pyroConnection is None
    service._pyroTimeout = 30
    assert service.nap(0.0) == "rested"


@over(EACH_SERIALIZER)
def test_an_iterator_goes_on_after_a_reconnection(
    service: Any, client: Library, release: Callable[[Any], None]
) -> None:
    items = service.count_to(3)
    assert next(items) == 1
    release(service)
    with pytest.raises(client.errors.ConnectionClosedError):
        next(items)
    service._pyroBind()
    assert list(items) == [2, 3]


@over(EACH_SERVER)
def test_an_iterator_is_closed_at_the_server(service: Any) -> None:
    for end in (lambda items: items.close(), lambda _items: None):
        name = str(uuid4())
        items = service.told(name)
        assert next(items) == 0
        end(items)
        del items
        assert service.value("the next call") == "the next call"
        assert service.notes(name, 1) == [f"{name} closed"]


# Objects as values


@over(EACH_SERIALIZER)
def test_addresses_and_proxies_as_values(service: Any, client: Library, link: Link) -> None:
    uri = service.uri_of_spare()
    assert isinstance(uri, client.api.URI)
    assert service.type_name(uri) == "URI"
    assert service.value(uri) == uri
    with client.api.Proxy(uri) as proxy:
        proxy._pyroHandshake = "as a value"
        came_back = service.value(proxy)
        assert isinstance(came_back, client.api.Proxy)
        assert came_back == proxy
        assert came_back._pyroHandshake == "as a value"
        assert service.use(proxy, "argument") == ["spare", "argument"]


@over([*EACH_SERVER, *(link._replace(serializer="msgpack") for link in EACH_SERVER)])
def test_a_registered_object_as_an_argument_becomes_a_proxy(
    service: Any, client: Library, link: Link, in_thread: Callable[..., Any]
) -> None:
    @client.api.expose
    class Callee:
        def value(self, value: Any) -> Any:
            return ["called back", value]

    with client.api.Daemon(host="127.0.0.1") as daemon:
        callee = Callee()
        daemon.register(callee)
        server = daemon.transportServer
        loop = in_thread(daemon.requestLoop)
        try:
            assert service.type_name(callee) == "Proxy"
            assert service.use(callee, "x") == ["called back", "x"]
        finally:
            daemon.shutdown()
            loop.result(30)
            if link.client == "Pyro5":
                server._selector.close()  # which Pyro5 leaves to the garbage collector


@over(EACH_SERIALIZER)
def test_registered_classes_both_ways(service: Any, client: Library) -> None:
    from .values import Point, point_from_dict, point_to_dict

    client.api.register_class_to_dict(Point, point_to_dict)
    client.api.register_dict_to_class("shared.Point", point_from_dict)
    try:
        assert service.point(1, 2) == Point(1, 2)
        assert service.mirrored(Point(1, 2)) == Point(2, 1)
        assert service.type_name(Point(1, 2)) == "Point"
    finally:
        client.api.unregister_class_to_dict(Point)
        client.api.unregister_dict_to_class("shared.Point")
    with pytest.raises(client.errors.SerializeError, match=r"shared\.Point"):
        service.point(1, 2)


# What clients are told beyond what Pyro5 knows


@over(EACH_SERIALIZER)
def test_methods_that_may_be_called_twice(service: Any, client: Library, link: Link) -> None:
    assert service.length("four") == 4
    assert "length" in service._pyroMethods
    if client.name == "pyroplug":
        assert service._pyroIdempotent == ({"length"} if link.server == "pyroplug" else set())


# Compression


@pytest.mark.parametrize("compress", [(True, False), (False, True), (True, True)], ids=str)
@over([Link(*pair, serializer=serializer) for pair in PAIRS for serializer in SERIALIZERS])
def test_compression(
    connect: Callable[..., Any],
    client: Library,
    compress: tuple[bool, bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client.api.config, "COMPRESSION", compress[0])
    service = connect(compress=compress[1])
    for text in ("", "short", "some text that repeats itself; " * 10_000):
        assert service.value(text) == text
    assert service.text(1_000_000) == "0123456789" * 100_000
    with pytest.raises(ValueError, match="no such thing"):
        service.fail("builtin")
