"""Proxies of one's own: calls that are counted, tried again and translated; copies, pickles and threads."""

import copy
import pickle
import sys
import threading

import Pyro5.api
import Pyro5.errors


@Pyro5.api.expose
class Machine:
    def __init__(self):
        self._starts = 0

    def start(self, speed=1):
        self._starts += 1
        if self._starts % 2:
            raise RuntimeError("it does not start")
        return f"runs at {speed}"

    @property
    def starts(self):
        return self._starts

    def stop(self):
        self._pyroDaemon.shutdown()


class CarefulProxy(Pyro5.api.Proxy):
    def __init__(self, uri):
        super().__init__(uri)
        self.__dict__["_log"] = []  # an attribute that is set would be a remote one

    def _pyroInvoke(self, methodname, vargs, kwargs, flags=0, objectId=None):
        self._log.append((methodname, list(vargs), dict(kwargs or {})))
        try:
            return super()._pyroInvoke(methodname, vargs, kwargs, flags, objectId)
        except RuntimeError as error:
            self._log.append(str(error))
            return super()._pyroInvoke(methodname, vargs, kwargs, flags, objectId)


def server():
    with Pyro5.api.Daemon() as daemon:
        print("ready", daemon.register(Machine(), "machine"), flush=True)
        daemon.requestLoop()


def client(uri):
    with CarefulProxy(uri) as machine:
        print(machine.start(3), machine.start(speed=5), machine.starts)
        for entry in machine._log:
            print(entry)
    plain = Pyro5.api.Proxy(uri)
    plain._pyroTimeout = 10
    print(plain._pyroBind(), plain._pyroBind())
    twin = copy.copy(plain)
    print(twin == plain, hash(twin) == hash(plain), twin != plain, twin._pyroConnection is None, twin.starts)
    thawed = pickle.loads(pickle.dumps(plain))
    print(thawed == plain, thawed.starts, sorted(thawed._pyroMethods))

    def elsewhere():
        try:
            plain.starts
        except Pyro5.errors.PyroError as error:
            print("in a thread:", "not the owner" in str(error))
        plain._pyroClaimOwnership()
        print("mine now:", plain.starts)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    plain._pyroClaimOwnership()
    plain._pyroReconnect(tries=1)
    print("again:", plain.starts)
    plain.stop()
    for proxy in (plain, twin, thawed):
        proxy._pyroRelease()
    try:
        plain._pyroReconnect(tries=1)
    except Pyro5.errors.ConnectionClosedError:
        print("nobody is there")


globals()[sys.argv[1]](*sys.argv[2:])
