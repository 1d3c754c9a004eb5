"""How much memory a large value takes while it travels: at the sender beyond it, at the receiver with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIZE = 24 << 20
PATIENCE = 60.0
# Large blocks come from the system and go back to it, so that what one call leaves behind hides nothing.
ENVIRONMENT = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the system does not tell a process's peak memory"
)


@pytest.fixture(scope="module", params=["threadpool", "multiplex"])
def uri(request: pytest.FixtureRequest) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.memory_peer", "serve", request.param],
        cwd=ROOT,
        env=ENVIRONMENT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield server.stdout.readline().strip()
        server.stdin.close()
        assert server.wait(PATIENCE) == 0


def measured(uri: str, serializer: str, kind: str) -> list[float]:
    command = [sys.executable, "-m", "tests.memory_peer", "call", uri, serializer, kind, str(SIZE)]
    told = subprocess.check_output(command, cwd=ROOT, env=ENVIRONMENT, text=True, timeout=PATIENCE)
    return [float(part) for part in told.split()]


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview"])
def test_msgpack_copies_no_bytes(uri: str, kind: str) -> None:
    up_sender, up_receiver, down_sender, down_receiver = measured(uri, "msgpack", kind)
    assert max(up_sender, down_sender) < 0.25
    assert max(up_receiver, down_receiver) < 1.25


def test_msgpack_encodes_and_decodes_a_text_once(uri: str) -> None:
    up_sender, up_receiver, down_sender, down_receiver = measured(uri, "msgpack", "str")
    assert max(up_sender, down_sender) < 1.25
    assert max(up_receiver, down_receiver) < 2.25


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview"])
def test_marshal_copies_bytes_where_they_are_received(uri: str, kind: str) -> None:
    up_sender, up_receiver, down_sender, down_receiver = measured(uri, "marshal", kind)
    assert max(up_sender, down_sender) < 0.25
    assert max(up_receiver, down_receiver) < 2.25
