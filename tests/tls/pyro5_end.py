"""Real Pyro5 over TLS, in a process of its own: its TLS settings are the whole process's.

It takes one line of JSON from standard input: configuration items, and a URI to call if it is to be a client.
As a server it prints its URI, and ends with its standard input. As a client it prints what it was told.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import Pyro5.api


@Pyro5.api.expose
class Thing:
    def echo(self, value: Any) -> Any:
        return value

    def who(self) -> Any:
        certificate = Pyro5.api.current_context.client.getpeercert()
        return None if certificate is None else certificate.get("serialNumber")


def main() -> None:
    task = json.loads(sys.stdin.readline())
    for name, value in task["items"].items():
        setattr(Pyro5.config, name, value)
    if task["uri"]:
        call(task["uri"])
    else:
        serve()


def call(uri: str) -> None:
    try:
        with Pyro5.api.Proxy(uri) as proxy:
            size = len(proxy.echo("x" * 3_000_000))
            print(json.dumps([size, proxy.who(), proxy._pyroConnection.getpeercert()["serialNumber"]]))
    except Exception as error:
        print(json.dumps([f"{type(error).__name__}: {error}"]))


def serve() -> None:
    with Pyro5.api.Daemon(host="127.0.0.1") as daemon:
        print(daemon.register(Thing(), "thing"), flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), daemon.shutdown()), daemon=True).start()
        daemon.requestLoop()


if __name__ == "__main__":
    main()
