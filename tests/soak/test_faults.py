"""The network that misbehaves: bytes stay what they are, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
import random

import pytest

from soak.faults import FAULTS, FaultyNetwork
from tests.support import PATIENCE

DATA = random.Random(1).randbytes(50_000)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes, until it ends."""
    try:
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _there_and_back(fault: str, seed: int) -> bytes:
    """What comes back of ``DATA``; raises ``ConnectionError`` if the connection breaks."""
    upstream = await asyncio.start_server(_echo, "127.0.0.1", 0)
    network = await FaultyNetwork(upstream.sockets[0].getsockname()[1], (fault,), seed).serve()
    received = b""
    try:
        reader, writer = await asyncio.open_connection(*network.sockets[0].getsockname())
        try:
            writer.write(DATA)
            writer.write_eof()
            while piece := await reader.read(1 << 16):
                received += piece
        finally:
            writer.close()
            assert DATA.startswith(received)
    finally:
        network.close()
        upstream.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait([task], timeout=PATIENCE)
    return received


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("reset", "half close")])
def test_what_delays_changes_nothing(fault: str) -> None:
    assert asyncio.run(_there_and_back(fault, seed=3)) == DATA


@pytest.mark.parametrize("seed", range(5))
def test_a_reset(seed: int) -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(_there_and_back("reset", seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_direction_that_ends(seed: int) -> None:
    assert len(asyncio.run(_there_and_back("half close", seed))) < len(DATA)
