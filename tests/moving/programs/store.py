"""A store of keys and values: properties and special methods, in three formats, over a Unix socket."""

import os
import sys
import tempfile

import Pyro5.api
from Pyro5.api import Daemon, Proxy, expose


@expose
class Store:
    def __init__(self):
        self._values = {}
        self._name = "store"

    def __len__(self):
        return len(self._values)

    def __getitem__(self, key):
        return self._values[key]

    def __setitem__(self, key, value):
        self._values[key] = value

    def __delitem__(self, key):
        del self._values[key]

    def __iter__(self):
        return iter(sorted(self._values))

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, name):
        if not name:
            raise ValueError("a name is needed")
        self._name = name

    def update(self, **values):
        self._values.update(values)

    def end(self):
        self._pyroDaemon.shutdown()


@expose
class Letters:
    """Can be iterated by index alone."""

    def __getitem__(self, index):
        return "abc"[index]


def server():
    with tempfile.TemporaryDirectory() as folder, Daemon(unixsocket=os.path.join(folder, "s")) as daemon:
        print("ready", daemon.register(Store(), "store"), daemon.register(Letters(), "letters"), flush=True)
        daemon.requestLoop()


def client(uri, letters):
    for serializer in ("serpent", "json", "msgpack"):
        Pyro5.api.config.SERIALIZER = serializer
        with Proxy(uri) as store:
            print(serializer, len(store), bool(store))
            store["one"], store["two"] = 1, [2, {"zwei": None}]
            store.update(three=3.5, four="vier")
            print(len(store), store["one"], store["two"], list(store), "four" in store)
            del store["one"]
            try:
                store["one"]
            except KeyError as error:
                print("gone:", error)
            print(store.name)
            store.name = serializer
            print(store.name)
            try:
                store.name = ""
            except ValueError as error:
                print("refused:", error)
            for key in list(store):
                del store[key]
    with Proxy(letters) as proxy:
        print([letter for letter in proxy], proxy[1])  # list() would ask for a length
        try:
            len(proxy)
        except AttributeError:
            print("no length")
    with Proxy(uri) as store:
        store._pyroBind()
        print(sorted(name for name in dir(store) if not name.startswith("_")))
        store.end()


globals()[sys.argv[1]](*sys.argv[2:])
