"""Event loops: a daemon in the loop of asyncio, beside coroutines.

Prints:

    tick
    the thermometer says 21.5
    tock
"""

import asyncio
from typing import Any

from pyroplug.api import URI, Daemon, Proxy, expose


@expose
class Thermometer:
    def read(self) -> float:
        return 21.5


def read(uri: URI) -> float:
    with Proxy(uri) as thermometer:
        return float(thermometer.read())


async def serve(daemon: Daemon) -> None:
    """Serve a daemon until the task is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        ready: asyncio.Future[None] = loop.create_future()

        def wake(waiting: asyncio.Future[Any] = ready) -> None:
            if not waiting.done():
                waiting.set_result(None)

        watched = list(daemon.sockets)
        for sock in watched:
            loop.add_reader(sock, wake)
        try:
            await asyncio.wait([ready], timeout=2)
        finally:
            for sock in watched:
                loop.remove_reader(sock)
        daemon.events(watched)  # those that have nothing to say cost nothing but a look


async def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Thermometer())
        serving = asyncio.create_task(serve(daemon))
        print("tick")
        degrees = await asyncio.to_thread(read, uri)  # a proxy waits, and would hold up the loop
        print(f"the thermometer says {degrees}")
        print("tock")
        serving.cancel()
        await asyncio.wait([serving])


if __name__ == "__main__":
    asyncio.run(main())
