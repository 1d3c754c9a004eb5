"""A network that misbehaves: a proxy for TCP connections, each of which has a fault of its own.

It never changes, repeats or leaves out a byte in the middle: it does what networks do to TCP. ``python -m
soak.faults PORT...`` prints a port of its own for each of these.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import sys

__all__ = ["FAULTS", "FaultyNetwork"]

FAULTS = ("none", "delay", "pieces", "reset", "half close", "stall", "late")
"""Nothing; every piece comes later; in pieces of odd sizes; it breaks after some bytes; one direction ends
after some bytes; nothing moves for a while; the connection is made later than others that came after it."""

_PIECE = 1 << 16


class FaultyNetwork:
    """Passes connections on to one port."""

    def __init__(self, port: int, faults: tuple[str, ...] = FAULTS, seed: int | None = None) -> None:
        """
        :param port: of this machine, to which connections are passed on.
        :param faults: which ones there are; repeat some to have them more often.
        """
        self._port = port
        self._faults = faults
        self._random = random.Random(seed)
        self._tasks: set[asyncio.Task[None] | None] = set()  # nobody else holds on to them

    async def serve(self) -> asyncio.Server:
        """Begin to accept connections."""
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        fault = self._random.choice(self._faults)
        self._tasks.add(task := asyncio.current_task())
        to_server: asyncio.StreamWriter | None = None
        try:
            if fault == "late":
                await asyncio.sleep(self._random.uniform(0.0, 0.3))
            server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
            after = int(self._random.expovariate(1 / 3000))  # bytes until it happens
            forth = self._pass_on(client, to_server, fault, after)
            back = self._pass_on(server, to_client, fault, int(self._random.expovariate(1 / 3000)))
            await asyncio.gather(forth, back)
        except (OSError, EOFError):
            for writer in filter(None, (to_client, to_server)):
                _reset(writer)
        finally:
            for writer in filter(None, (to_client, to_server)):
                writer.close()
            self._tasks.discard(task)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str, after: int
    ) -> None:
        """Pass on one direction until its end. Raises ``OSError`` where the connection is to break."""
        chance, passed = self._random, 0
        while data := await reader.read(_PIECE):
            if fault == "delay":
                await asyncio.sleep(chance.uniform(0.0, 0.02))
            if fault == "stall" and passed + len(data) > after:
                await asyncio.sleep(chance.uniform(0.2, 4.0))
                after = sys.maxsize
            if fault in ("reset", "half close") and passed + len(data) > after:
                writer.write(data[: max(0, after - passed)])
                await writer.drain()
                if fault == "reset":
                    raise ConnectionResetError
                break
            for piece in self._pieces(data) if fault == "pieces" else (data,):
                writer.write(piece)
                await writer.drain()
                if fault == "pieces":
                    await asyncio.sleep(0)
            passed += len(data)
        if writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()
        if fault == "half close":
            while await reader.read(_PIECE):  # it is not passed on, and does not stop the sender
                pass

    def _pieces(self, data: bytes) -> list[bytes]:
        pieces, begin = [], 0
        while begin < len(data):
            size = self._random.choice((1, 2, 3, 7, 39, 40, 41, 1000, 20_000))
            pieces.append(data[begin : begin + size])
            begin += size
        return pieces


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection: what is on its way is lost, and the other side gets an error."""
    with contextlib.suppress(OSError):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def main() -> None:
    """Serve until the process is ended."""
    servers = [await FaultyNetwork(int(port)).serve() for port in sys.argv[1:]]
    for server in servers:
        print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
