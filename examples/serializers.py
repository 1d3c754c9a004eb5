r"""Serializers: the client chooses one, and the daemon says which ones it accepts.

Prints:

    serpent: {'data': 'iVBORw==', 'encoding': 'base64'}
    serpent, told to write bytes as they are: b'\x89PNG'
    marshal: b'\x89PNG'
    json: SerializeError
    msgpack: b'\x89PNG'
    marshal, where nobody has allowed it: HandshakeError
"""

from threading import Thread
from typing import Any

from pyroplug.api import URI, Daemon, Proxy, config, expose
from pyroplug.config import Configuration
from pyroplug.errors import PyroError


@expose
class Camera:
    def photo(self) -> bytes:
        return b"\x89PNG"


def photo(uri: URI, serializer: str) -> Any:
    with Proxy(uri) as camera:
        camera._pyroSerializer = serializer  # config.SERIALIZER for all of them
        try:
            return camera.photo()
        except PyroError as error:
            return type(error).__name__


def started(daemon: Daemon) -> URI:
    uri = daemon.register(Camera())
    Thread(target=daemon.requestLoop).start()
    return uri


def main() -> None:
    trusting: Configuration = config.copy()
    # marshal is for peers that are trusted, and therefore has to be named.
    trusting.SERIALIZERS_ACCEPTED = ("serpent", "marshal", "json", "msgpack")
    literal = config.copy()
    literal.SERPENT_BYTES_REPR = True  # of the side that sends the bytes
    with Daemon(config=trusting) as all_four, Daemon(config=literal) as careful:
        uri, other = started(all_four), started(careful)
        # serpent.tobytes() makes bytes of what serpent's base64 arrives as.
        print("serpent:", photo(uri, "serpent"))
        print("serpent, told to write bytes as they are:", photo(other, "serpent"))
        for serializer in ("marshal", "json", "msgpack"):
            print(f"{serializer}:", photo(uri, serializer))
        print("marshal, where nobody has allowed it:", photo(other, "marshal"))


if __name__ == "__main__":
    main()
