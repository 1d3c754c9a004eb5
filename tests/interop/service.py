"""One service from one source, served by real Pyro5 or by pyroplug, in a process of its own.

``serve()`` takes the library's name, the server type and a path for a Unix socket from the command line. It
prints a line of JSON when all is up, and ends with its standard input.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.interop.values import VALUES, Point, Stranger, point_from_dict, point_to_dict, shape

LIBRARY = sys.argv[1] if len(sys.argv) == 4 else "pyroplug"
PATIENCE = 20.0

api: Any = importlib.import_module(f"{LIBRARY}.api")
errors: Any = importlib.import_module(f"{LIBRARY}.errors")

# Real Pyro5 has no such decorator; its clients are told the mark all the same.
idempotent = getattr(api, "idempotent", lambda method: method)

api.register_class_to_dict(Point, point_to_dict)
api.register_dict_to_class("shared.Point", point_from_dict)


class UnknownError(Exception):
    """What the client has never heard of."""


@api.expose
class Service:
    """Everything that needs no class of its own."""

    def __init__(self) -> None:
        self._notes: list[Any] = []
        self._news = threading.Condition()
        self._number: Any = 5
        self._spare = Spare()
        self._followed: list[Followed] = []  # connections have weak references to them

    # Calls

    def value(self, value: Any) -> Any:
        return value

    def call(self, *args: Any, **kwargs: Any) -> list[Any]:
        return [list(args), kwargs]

    def combine(self, first: Any, second: Any = "two", *, third: Any = "three") -> list[Any]:
        return [first, second, third]

    def text(self, size: int) -> str:
        return "0123456789" * (size // 10)

    @idempotent
    def length(self, data: Any) -> int:
        return len(data)

    def nothing(self) -> None:
        pass

    def _private(self) -> str:
        return "private"

    def nap(self, seconds: float) -> str:
        threading.Event().wait(seconds)
        return "rested"

    # Properties

    @property
    def number(self) -> Any:
        return self._number

    @number.setter
    def number(self, value: Any) -> None:
        self._number = value

    @property
    def constant(self) -> str:
        return "always"

    @property
    def broken(self) -> str:
        raise ValueError("a broken property")

    @property
    def countdown(self) -> Iterator[int]:
        return iter([3, 2, 1])

    # One-way

    @api.oneway
    def note(self, note: Any) -> str:
        with self._news:
            self._notes.append(note)
            self._news.notify_all()
        return "nobody gets this"

    @api.oneway
    def note_and_fail(self, note: Any) -> None:
        self.note(note)
        raise ValueError("nobody hears of this")

    def notes(self, prefix: str, count: int) -> list[Any]:
        """The notes that begin with the prefix, once there are so many."""

        def found() -> list[Any]:
            return [note for note in self._notes if note.startswith(prefix)]

        with self._news:
            self._news.wait_for(lambda: len(found()) >= count, PATIENCE)
            return found()

    # Exceptions

    def fail(self, kind: str) -> None:
        error: BaseException
        if kind == "builtin":
            error = ValueError("no such thing", 42)
            error.code = 7  # type: ignore[attr-defined]
        elif kind == "os":
            error = FileNotFoundError(2, "nothing there", "the file")
        elif kind == "unknown":
            error = UnknownError("what is it", 1)
        elif kind == "exit":
            error = SystemExit(3)
        else:
            error = getattr(errors, kind)("on purpose")
        raise error

    # Iterators

    def count_to(self, limit: int) -> Iterator[int]:
        yield from range(1, limit + 1)

    def mapped(self, items: list[Any]) -> Iterator[str]:
        return map(str, items)

    def two_then_fail(self) -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third one")

    def told(self, name: str) -> Iterator[int]:
        """Goes on for ever, and notes when it is closed."""
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            self.note(f"{name} closed")

    def tell_when_gone(self, name: str) -> None:
        """Note when the server is done with the connection of this call, and with what belonged to it."""
        self._followed.append(Followed(lambda: self.note(f"{name} gone")))
        api.current_context.track_resource(self._followed[-1])

    # Context

    def context(self) -> dict[str, Any]:
        context = api.current_context
        seen = {key: bytes(value).decode() for key, value in context.annotations.items()}
        context.response_annotations = {"RESP": b"from the server"}
        return {
            "annotations": seen,
            "correlation": str(context.correlation_id),
            "serializer": context.serializer_id,
            "seq": context.seq,
            "has client": context.client is not None,
        }

    def correlation(self) -> str:
        return str(api.current_context.correlation_id)

    def flags(self, value: Any) -> int:
        return int(api.current_context.msg_flags)

    # Objects

    def spare(self) -> Any:
        return self._spare

    def spares(self) -> list[Any]:
        return [self._spare, {"it": self._spare}]

    def type_name(self, value: Any) -> str:
        return type(value).__name__

    def use(self, proxy: Any, argument: Any) -> Any:
        """Call something that may live in the client."""
        with proxy:
            return proxy.value(argument)

    def uri_of_spare(self) -> Any:
        return self._spare._pyroDaemon.uriFor(self._spare)

    def point(self, x: int, y: int) -> Any:
        return Point(x, y)

    def mirrored(self, point: Any) -> Any:
        return Point(point.y, point.x)

    # The table of types

    def produce(self, name: str) -> Any:
        return VALUES[name](api)

    def shape(self, value: Any) -> str:
        return shape(value)

    def strangers(self) -> Any:
        return Stranger()


@api.expose
class Spare:
    """Becomes a proxy whenever it travels."""

    def value(self, value: Any) -> Any:
        return ["spare", value]


class Followed:
    """Is closed with the connection that it belongs to."""

    def __init__(self, closed: Callable[[], object]) -> None:
        self.close = closed


class Counter:
    """Tells how many instances there are, and how often this one was called."""

    made = 0

    def __init__(self) -> None:
        cls = type(self)
        cls.made += 1
        self._calls = 0
        self._number = cls.made

    @api.expose
    def count(self) -> list[int]:
        self._calls += 1
        return [self._number, self._calls]

    def __len__(self) -> int:
        return 1


@api.behavior(instance_mode="session")
class Session(Counter):
    pass


@api.behavior(instance_mode="single")
class Single(Counter):
    pass


@api.behavior(instance_mode="percall")
class PerCall(Counter):
    pass


@api.behavior(instance_mode="single", instance_creator=lambda cls: cls("made by its creator"))
class Created:
    def __init__(self, how: str) -> None:
        self._how = how

    @api.expose
    def how(self) -> str:
        return self._how


@api.expose
class Container:
    """Has the special methods that proxies forward."""

    def __init__(self) -> None:
        self._items: dict[Any, Any] = {"one": 1}

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._items[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items))


@api.expose
class Indexed:
    """Can be iterated over by index alone."""

    def __getitem__(self, index: int) -> Any:
        return ["a", "b", "c"][index]


@api.expose
class Dispatcher:
    """Passes blobs on to where their info says, in the serializer that it says, and reads none of them."""

    def forward(self, blob: Any) -> Any:
        uri, serializer = blob.info
        with api.Proxy(uri) as target:
            target._pyroSerializer = serializer
            return target.unpacked(blob)

    def unpacked(self, blob: Any) -> list[Any]:
        return [blob.info, blob.deserialized()]


class Doorman(api.Daemon):  # type: ignore[misc,name-defined]
    """Answers to the handshake, and refuses who asks for it."""

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        if data == "refuse me":
            raise ValueError("not today")
        return {"you said": data}

    def annotations(self) -> dict[str, bytes]:
        return {"DAEM": b"from the daemon"}


def _daemon(**where: Any) -> Any:
    daemon = Doorman(**where)
    service = Service()
    daemon.register(service, "service")
    daemon.register(service._spare, "spare")
    for cls in (Session, Single, PerCall, Created):
        # a class belongs to one daemon
        daemon.register(type(cls.__name__, (cls,), {}), cls.__name__.lower())
    daemon.register(Container(), "container")
    daemon.register(Indexed(), "indexed")
    daemon.register(Dispatcher(), "dispatcher")
    return daemon


def serve() -> None:
    """Serve over TCP and at the Unix socket until standard input ends."""
    _, _, server_type, path = sys.argv
    api.config.SERVERTYPE = server_type
    api.config.POLLTIMEOUT = 0.5
    if LIBRARY == "pyroplug":
        api.config.SERIALIZERS_ACCEPTED = ("serpent", "json", "marshal", "msgpack")
    with _daemon(host="127.0.0.1") as tcp, _daemon(unixsocket=path) as unix:
        loops = [threading.Thread(target=daemon.requestLoop) for daemon in (tcp, unix)]
        for loop in loops:
            loop.start()
        print(json.dumps({"tcp": tcp.locationStr, "unix": unix.locationStr}), flush=True)
        sys.stdin.read()
        for daemon in (tcp, unix):
            daemon.shutdown()
        for loop in loops:
            loop.join(PATIENCE)
