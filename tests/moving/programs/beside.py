"""What programs use beside the documented names, and find by looking at objects."""

import socket
import sys

from Pyro5.api import Daemon, Proxy, behavior, config, current_context, expose, oneway


@expose
class Thing:
    def double(self, number):
        return 2 * number

    @oneway
    def note(self):
        pass

    @property
    def colour(self):
        return "red"

    def about_connection(self):
        conn = current_context.client
        sock = conn.sock
        return [
            sock.family == socket.AF_INET,
            sock.getpeername()[1] == current_context.client_sock_addr[1],
            conn.getpeercert(),
            len(list(conn.tracked_resources)),
            conn.fileno() == sock.fileno(),
        ]

    def peer(self):
        return current_context.client.sock.getpeername()[1]

    def about_object(self):
        return [
            self._pyroId,
            self._pyroDaemon.uriFor(self).object,
            self in self._pyroDaemon.objectsById.values(),
        ]

    def fail(self, word):
        raise ValueError(word)

    @oneway
    def stop(self):
        self._pyroDaemon.shutdown()


@expose
@behavior(instance_mode="session")
class Session:
    def name(self):
        return [type(current_context.client.pyroInstances[Session]).__name__, self._pyroId]


class MyDaemon(Daemon):
    loops = 0

    def requestLoop(self, loopCondition=lambda: True):
        self.loops += 1
        super().requestLoop(loopCondition)
        print("loops:", self.loops)


def on_error(daemon, client, method, vargs, kwargs, exception):
    name = method if isinstance(method, str) else method.__name__
    print("handler:", type(daemon).__name__, name, list(vargs), kwargs, repr(exception), flush=True)


def server():
    with MyDaemon(host="127.0.0.1", nathost="example.org", natport=5555) as daemon:
        thing = Thing()
        daemon.methodcall_error_handler = on_error
        daemon.register(thing, "thing")
        daemon.register(Session, "session")
        print("ready", *[daemon.uriFor(name, nat=False) for name in ("thing", "session")], flush=True)
        host, _, port = daemon.locationStr.partition(":")
        print(host, daemon.natLocationStr, daemon.uriFor(thing))
        print(daemon.sock.getsockname() == (host, int(port)), daemon.sock is daemon.transportServer.sock)
        print(daemon.sock.fileno() in [sock.fileno() for sock in daemon.sockets])
        print(len(daemon.sockets) == len(daemon.transportServer.sockets))
        print(daemon.transportServer.locationStr == daemon.locationStr)
        print(sorted(daemon.objectsById), daemon.objectsById["thing"] is thing, "x" in daemon.objectsById)
        print(thing._pyroId, thing._pyroDaemon.locationStr == daemon.locationStr, Session._pyroId)
        print(
            daemon.proxyFor(thing, nat=False)._pyroUri.object, sorted(daemon.proxyFor("thing")._pyroMethods)
        )
        daemon.requestLoop()
        daemon.unregister(thing)
        print(hasattr(thing, "_pyroDaemon") and thing._pyroDaemon is not None, sorted(daemon.objectsById))


def client(uri, session):
    proxy = Proxy(uri)
    print(proxy._pyroUri == uri or str(proxy._pyroUri) == uri, bool(proxy._pyroConnection), proxy._pyroSeq)
    print(proxy._pyroMethods, proxy._pyroAttrs, proxy._pyroOneway)
    proxy._pyroBind()
    print(bool(proxy._pyroConnection), proxy._pyroConnection.objectId, proxy._pyroConnection.getpeercert())
    print(proxy._pyroConnection.sock.getpeername() == (proxy._pyroUri.host, proxy._pyroUri.port))
    print(sorted(proxy._pyroMethods), proxy._pyroAttrs, sorted(proxy._pyroOneway))
    print(proxy._pyroLocalSocket == proxy._pyroConnection.sock.getsockname())
    print(proxy._pyroLocalSocket[1] == proxy.peer())
    before = proxy._pyroSeq
    print(proxy.double(3), proxy.colour, proxy._pyroSeq - before)
    print(proxy.about_connection(), proxy.about_object())
    print(proxy._pyroTimeout, proxy._pyroMaxRetries, proxy._pyroSerializer, proxy._pyroHandshake)
    proxy._pyroTimeout = 12.5
    print(proxy._pyroTimeout, proxy.double(4))
    print(proxy._pyroInvoke("double", (8,), {}), proxy._pyroInvoke("ping", (), {}, objectId="Pyro.Daemon"))
    try:
        proxy.fail("on purpose")
    except ValueError as error:
        print(error, any("on purpose" in line for line in error._pyroTraceback))
    with Proxy(session) as other:
        print(other.name(), config.SERIALIZER)
    proxy.stop()
    proxy._pyroRelease()
    print(bool(proxy._pyroConnection))


globals()[sys.argv[1]](*sys.argv[2:])
