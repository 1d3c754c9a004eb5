"""Who called whom: annotations and correlation ids over a chain of calls, and in threads."""

import sys
import threading
import uuid

from Pyro5.api import Daemon, Proxy, current_context, expose
from Pyro5.callcontext import current_context as same_context


@expose
class Front:
    def __init__(self, back):
        self._back = back

    def order(self, what):
        seen = {key: bytes(value).decode() for key, value in current_context.annotations.items()}
        with Proxy(self._back) as back:
            below = back.fetch(what)
        current_context.response_annotations["FRNT"] = b"from the front"
        return [seen, str(current_context.correlation_id), below]

    def in_thread(self):
        values, found = current_context.to_global(), []

        def work():
            current_context.from_global(values)
            found.append(str(current_context.correlation_id))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return found[0] == str(current_context.correlation_id)

    def described(self):
        context = current_context
        return [
            context.client is not None,
            context.client_sock_addr[0],
            context.serializer_id,
            context.msg_flags & ~0x40,
            context.seq,
        ]


@expose
class Back:
    def fetch(self, what):
        return [what, str(current_context.correlation_id)]

    def stop(self):
        self._pyroDaemon.shutdown()


def server():
    with Daemon() as daemon:
        back = daemon.register(Back(), "back")
        print("ready", daemon.register(Front(back), "front"), back, flush=True)
        daemon.requestLoop()


def client(front, back):
    print(current_context is same_context, current_context.client, current_context.correlation_id)
    with Proxy(front) as front:
        current_context.correlation_id = uuid.UUID(int=12345)
        current_context.annotations = {"WHOM": b"ann", "WHEN": b"now"}
        print(front.order("tea"))
        print({key: bytes(value) for key, value in current_context.response_annotations.items()})
        current_context.annotations = {}
        current_context.correlation_id = None
        seen, identity, below = front.order("coffee")
        print(seen, identity != str(uuid.UUID(int=12345)), below[1] == identity)
        print(front.in_thread())
        print(front.described())
        try:
            current_context.annotations = {"TOOLONG": b""}
            front.in_thread()
        except Exception as error:
            print(type(error).__name__)
        current_context.annotations = {}
    with Proxy(back) as back:
        back.stop()


globals()[sys.argv[1]](*sys.argv[2:])
