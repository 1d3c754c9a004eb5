"""Large binary data, three ways: in chunks, past the serializer in annotations, and over a plain socket.

Prints:

    chunks from an iterator: complete
    annotations beside the answers: complete
    a socket for the bytes alone: complete
"""

import secrets
import socket
from collections.abc import Iterator
from hashlib import sha256
from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, config, current_context, expose

CHUNK = 128 * 1024
PICTURE = secrets.token_bytes(3_000_000)


@expose
class Archive:
    def checksum(self) -> str:
        return sha256(PICTURE).hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """No message ever has to hold all of it."""
        for start in range(0, len(PICTURE), CHUNK):
            yield PICTURE[start : start + CHUNK]

    def beside(self, start: int) -> int:
        """How many bytes come in the annotation of the answer, which no serializer looks at."""
        chunk = PICTURE[start : start + CHUNK]
        current_context.response_annotations = {"FILE": chunk}
        return len(chunk)

    def by_socket(self) -> tuple[str, int, str]:
        """Where to fetch it, once, and the word to say there."""
        word = secrets.token_hex(16)
        listener = socket.create_server(("127.0.0.1", 0))
        Thread(target=send_once, args=(listener, word)).start()
        host, port = listener.getsockname()
        return host, port, word


def send_once(listener: socket.socket, word: str) -> None:
    listener.settimeout(5)
    with listener, listener.accept()[0] as sock:
        said = sock.makefile("rb").read(len(word)).decode()
        if secrets.compare_digest(said, word):
            sock.sendall(PICTURE)


def fetch_beside(archive: Any) -> Iterator[bytes]:
    start = 0
    while size := archive.beside(start):
        start += size
        yield bytes(current_context.response_annotations["FILE"])


def fetch_by_socket(archive: Any) -> Iterator[bytes]:
    host, port, word = archive.by_socket()
    with socket.create_connection((host, port)) as sock:
        sock.sendall(word.encode())
        while chunk := sock.recv(CHUNK):
            yield chunk


def main() -> None:
    config.SERIALIZER = "msgpack"  # it has bytes; serpent would make text of them
    with Daemon() as daemon:
        uri = daemon.register(Archive())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as archive:
            checksum = archive.checksum()
            for way, chunks in {
                "chunks from an iterator": archive.chunks(),
                "annotations beside the answers": fetch_beside(archive),
                "a socket for the bytes alone": fetch_by_socket(archive),
            }.items():
                complete = sha256(b"".join(chunks)).hexdigest() == checksum
                print(f"{way}:", "complete" if complete else "something is missing")


if __name__ == "__main__":
    main()
