"""One call that serves everything, by both of its names; blobs; the daemon's own object."""

import sys
import threading

import Pyro5
import Pyro5.api
import Pyro5.server

Pyro5.config.HOST = "127.0.0.1"


@Pyro5.server.expose
class Printer:
    def show(self, blob):
        return [blob.info, blob.deserialized()]

    def upper(self, text):
        return text.upper()

    def end(self):
        self._pyroDaemon.shutdown()


@Pyro5.server.expose
class Router:
    """Passes on what it does not look at."""

    def __init__(self, printer):
        self._printer = printer

    def show(self, blob):
        with Pyro5.api.Proxy(self._printer) as printer:
            return [blob.info, *printer.show(blob)]


class Announcing(Pyro5.server.Daemon):
    """Says when it serves."""

    def __init__(self, say):
        super().__init__()
        self._say = say

    def requestLoop(self, loopCondition=lambda: True):
        self._say()
        super().requestLoop(loopCondition)


def server():
    started = threading.Event()
    router = Announcing(started.set)
    uris = []
    printer = Announcing(lambda: print("ready", *uris, flush=True))
    uris += [printer.uriFor("printer"), router.uriFor("router")]
    served = {Router(uris[0]): "router"}
    arguments = {"daemon": router, "ns": False, "verbose": False}
    thread = threading.Thread(target=Pyro5.server.Daemon.serveSimple, args=(served,), kwargs=arguments)
    thread.start()
    started.wait()
    Pyro5.api.serve({Printer: "printer"}, daemon=printer, use_ns=False, verbose=False)
    router.shutdown()
    thread.join()
    print("served")


def client(printer, router):
    with Pyro5.api.Proxy(router) as proxy:
        print(proxy.show(Pyro5.api.SerializedBlob("for you", ["a", 1])))
    location = printer.partition("@")[2]
    with Pyro5.api.Proxy(f"PYRO:Pyro.Daemon@{location}") as daemon:
        daemon.ping()
        print(sorted(daemon.registered()))
        print({part: sorted(names) for part, names in daemon.get_metadata("printer").items()})
        try:
            daemon.get_metadata("nobody")
        except Pyro5.errors.DaemonError as error:
            print("unknown:", "unknown object" in str(error))
    with Pyro5.api.Proxy(printer) as proxy:
        print(proxy.upper("done"))
        proxy.end()


globals()[sys.argv[1]](*sys.argv[2:])
