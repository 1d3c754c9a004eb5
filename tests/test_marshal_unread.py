"""Who does not name marshal never has Python's reader of it run, whatever a peer sends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

WATCH = """
import sys
reads = []

def note(event, args):
    if event in ("marshal.load", "marshal.loads") and watching:
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = None  # Python's own byte code
        if frame is not None:
            reads.append(frame.f_code.co_filename)

watching = False
sys.addaudithook(note)
"""

SERVER = (
    WATCH
    + """
import logging
logging.disable()
from fuzz.seeds import messages_for
from fuzz.thing import Thing
from pyroplug.blobs import SerializedBlob, describe_blob
from pyroplug.wire import encode
from tests.conversation import Conversation, MemoryDaemon, codec_of

accepted = sys.argv[1:]
daemon = MemoryDaemon({"thing": Thing}, accepted=accepted)
requests = {name: list(messages_for(name)) for name in ("serpent", "json", "msgpack", "marshal")}
import marshal
about = marshal.dumps(({"info": [1, 2.5]}, "thing", "echo"))
watching = True
answers = 0
for name, some in requests.items():
    for greeting in (True, False):
        for request in some:
            client = Conversation(daemon, name, greeting=greeting)
            answers += bool(client.send(request))
            client.run_spawned()
        for flags in (0x20, 0x24, 0x28):  # blobs, one-way ones, those in batches
            client = Conversation(daemon, name, greeting=greeting)
            data = b"".join(encode(4, client.serializer_id, flags, 1, marshal.dumps(5), {"BLBI": about}))
            answers += bool(client.send(data))
            client.run_spawned()
        for data in (b"GET / HTTP/1.0", bytes(40), requests[name][0][:39] + b"xx"):
            answers += bool(Conversation(daemon, name, greeting=greeting).send(data))
watching = False
print(answers > 100, len(reads))
"""
)

CLIENT = (
    WATCH
    + """
from fuzz.seeds import files_of
from fuzz.targets import TARGETS
from pyroplug import marshalled
from pyroplug.client import ClientProtocol
from pyroplug.wire import encode
from tests.conversation import codec_of, messages_in

watching = True
import marshal
for number, name in ((1, "serpent"), (3, "json"), (4, "msgpack")):
    protocol = ClientProtocol(codec_of(name), number, limit=1 << 20, compress=False)
    for kind, flags in ((2, 0), (3, 0), (5, 0), (5, 1), (5, 0x11), (6, 0)):
        payload = marshal.dumps("reason")
        notes = {"BLBI": payload, "STRM": payload}
        (message,) = messages_in(b"".join(encode(kind, 2, flags, 1, payload, notes)))
        for use in (protocol.accepted, lambda m: protocol.answer([m], 1), protocol.result, protocol.pong):
            try:
                use(message)
            except Exception as error:
                assert type(error).__module__ == "pyroplug.errors", repr(error)
watching = False
print(True, len(reads))
"""
)


def told(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("accepted", [["serpent"], ["serpent", "json", "msgpack"]])
def test_a_daemon_never_reads_marshal_data(accepted: list[str]) -> None:
    assert told(SERVER, *accepted).split() == ["True", "0"]


def test_a_daemon_that_names_it_does() -> None:
    first, reads = told(SERVER, "marshal").split()
    assert first == "True"
    assert int(reads) > 10


def test_a_client_never_reads_marshal_data() -> None:
    assert told(CLIENT).split() == ["True", "0"]
