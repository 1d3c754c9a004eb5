"""Where pyroplug deliberately does something else than Pyro5: one line each, with what happens.

Server and client are in one process, and of the same library.
"""

import sys
import threading
from collections import OrderedDict

from Pyro5 import errors
from Pyro5.api import (
    URI,
    BatchProxy,
    Daemon,
    Proxy,
    SerializedBlob,
    behavior,
    callback,
    config,
    current_context,
    expose,
)

config.COMMTIMEOUT = 5.0


class Own(Exception):
    """Is registered nowhere."""


@expose
class Thing:
    @property
    def level(self):
        return 5

    def echo(self, value):
        return value

    def fail(self, kind):
        if kind == "nested":
            raise errors.ConnectionClosedError("of a call of mine")
        if kind == "exit":
            sys.exit(3)
        raise Own("what it says")

    @callback
    def called_back(self):
        raise ValueError("not here")

    def numbers(self):
        yield 1
        raise ValueError("no second one")

    def blob(self, blob):
        return blob.deserialized()

    def leave_behind(self):
        current_context.response_annotations = {"LEFT": b"by another"}
        raise ValueError("and fail")

    def ask(self, uri):
        with Proxy(uri) as other:
            other.note()


@expose
class Other:
    def note(self):
        current_context.response_annotations = {"NEST": b"below"}


@expose
@behavior(instance_mode="single")
class Falsy:
    made = 0

    def __init__(self):
        type(self).made += 1

    def __len__(self):
        return 0

    def count(self):
        return type(self).made


@expose
class Letters:
    def __getitem__(self, index):
        return "ab"[index]


class Choosy(Proxy):
    def _pyroValidateHandshake(self, response):
        raise LookupError("not you")


def show(what, *actions):
    """Do these things, and print what came of each."""
    results = []
    for action in actions:
        try:
            results.append(repr(action()))
        except BaseException as error:
            names = [cls.__name__ for cls in type(error).__mro__]
            results.append("AttributeError" if "AttributeError" in names else names[0])
    print(f"{what}: {', '.join(results)}")


def calls(uri, other):
    def thing(name="thing", serializer="serpent"):
        proxy = Proxy(uri.replace("thing", name))
        proxy._pyroSerializer = serializer
        return proxy

    def failing(kind):
        proxy = thing()
        show(f"raises {kind}", lambda: proxy.fail(kind), lambda: bool(proxy._pyroConnection))

    for kind in ("own", "nested", "exit"):
        failing(kind)
    proxy = thing()
    show("callback", proxy.called_back, lambda: proxy.echo(1))
    falsy = thing("falsy")
    show("falsy instance", falsy.count, falsy.count)
    show("list of an object with items alone", lambda: list(thing("letters")))
    choosy = Choosy(uri)
    show("refused by the client", lambda: choosy.echo(1), lambda: choosy.echo(2))
    numbers = thing().numbers()
    show("iterator", lambda: next(numbers), lambda: next(numbers), lambda: next(numbers))
    show("blob in json", lambda: thing(serializer="json").blob(SerializedBlob("info", [1])))
    show("ordered dictionary in serpent", lambda: list(thing().echo(OrderedDict(a=1))))
    show("whole numbers as keys in msgpack", lambda: thing(serializer="msgpack").echo({1: 2}))
    show("marshal", lambda: thing(serializer="marshal").echo(1), lambda: thing(serializer="marshal").level)
    batch = BatchProxy(thing())
    batch.echo(object())
    show("batch that fails", batch)
    batch.echo(2)
    show("the same batch again", lambda: list(batch()))
    show("annotations of a nested call", lambda: thing().ask(other), lambda: sorted(received()))


def received():
    return current_context.response_annotations


def local():
    show("uri with tags in a set", lambda: len({URI("PYROMETA:a,b")}))
    show("port that does not exist", lambda: URI("PYRO:thing@host:70000").port)
    config.MAX_MESSAGE_SIZE = 1000
    with Daemon() as daemon, Proxy(daemon.register(Thing())) as proxy:
        thread = threading.Thread(target=daemon.requestLoop, daemon=True)
        thread.start()
        show("too large", lambda: proxy.echo("x" * 5000))
        config.MAX_MESSAGE_SIZE = 1 << 30
        with Daemon() as second:
            show("combine", lambda: daemon.combine(second))
        with Proxy(proxy._pyroUri) as connected:
            connected.echo(1)
            daemon.shutdown()
            thread.join(20)
            show("after the shutdown", lambda: connected.echo(2))
    show("closed daemon", lambda: daemon.sockets)


def main():
    daemon = Daemon()
    uri, other = daemon.register(Thing(), "thing"), daemon.register(Other(), "other")
    daemon.register(Falsy, "falsy")
    daemon.register(Letters(), "letters")
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    calls(str(uri), str(other))
    local()
    sys.stdout.flush()


main()
