"""A daemon that looks at who comes, notices who goes, signs its answers, and cleans up."""

import sys
import threading

from Pyro5.api import Daemon, Proxy, config, current_context, expose, oneway
from Pyro5.errors import CommunicationError

config.POLLTIMEOUT = 0.2
config.COMMTIMEOUT = 5.0


returned = threading.Event()


class Key:
    def __init__(self, number):
        self.number = number

    def close(self):
        print("key", self.number, "is back")
        returned.set()


class Hotel(Daemon):
    def __init__(self):
        super().__init__()
        self.cleaned = threading.Event()
        self.gone = threading.Semaphore(0)

    def validateHandshake(self, conn, data):
        if not isinstance(data, dict) or data.get("password") != "please":
            print("refused", sorted(data) if isinstance(data, dict) else data)
            raise ValueError("you are not a guest")
        conn.guest = data["name"]
        return {"room": len(data["name"])}

    def clientDisconnect(self, conn):
        print("goodbye", conn.guest, "with", sorted(key.number for key in conn.tracked_resources))
        self.gone.release()

    def annotations(self):
        return {"HTEL": b"five stars"}

    def housekeeping(self):
        self.cleaned.set()


@expose
class Desk:
    def __init__(self):
        self._keys = []

    def key(self, number):
        key = Key(number)
        self._keys.append(key)
        current_context.track_resource(key)
        return number

    def guest(self):
        return current_context.client.guest

    def give_back(self, number):
        for key in self._keys:
            if key.number == number:
                current_context.untrack_resource(key)

    def cleaned(self):
        return self._pyroDaemon.cleaned.wait(20)

    def another_is_gone(self):
        return self._pyroDaemon.gone.acquire(timeout=20)

    def key_is_back(self):
        return returned.wait(20)

    @oneway
    def end(self):
        self._pyroDaemon.shutdown()


class Guest(Proxy):
    def __init__(self, uri, name):
        super().__init__(uri)
        self._pyroHandshake = {"name": name, "password": "please"}

    def _pyroValidateHandshake(self, response):
        print("my room:", response)
        if response["room"] == 6:
            raise LookupError("no room six, please")


def server():
    with Hotel() as daemon:
        print("ready", daemon.register(Desk(), "desk"), flush=True)
        daemon.requestLoop()


def client(uri):
    for handshake in ("open up", {"password": "now"}):
        stranger = Proxy(uri)
        stranger._pyroHandshake = handshake
        try:
            stranger.key(1)
        except CommunicationError as error:
            print("refused:", "you are not a guest" in str(error))
    try:
        Guest(uri, "sixsix").key(1)
    except LookupError as error:
        print("I refuse:", error)
    with Guest(uri, "ann") as ann:
        print(ann.key(12), ann.key(7), ann.guest())
        ann.give_back(7)
        print(bytes(current_context.response_annotations["HTEL"]))
        print(ann.cleaned(), ann.another_is_gone())
    with Guest(uri, "rob") as rob:
        print(rob.another_is_gone(), rob.key_is_back())
        rob.end()


globals()[sys.argv[1]](*sys.argv[2:])
