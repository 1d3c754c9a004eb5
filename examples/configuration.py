"""Configuration: for the whole process, or for one daemon or proxy alone.

Prints:

    by default: serpent
    the whole process: json
    one proxy alone: msgpack, and 2.5 seconds for an answer
    what makes no sense is refused: COMMTIMEOUT
    what does not exist, too: SERIALIZER is meant
    the values that differ from the defaults: SERIALIZER
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, config, current_context, expose
from pyroplug.errors import ConfigError

NAMES = {1: "serpent", 2: "marshal", 3: "json", 4: "msgpack"}


@expose
class Teller:
    def language(self) -> str:
        return NAMES[current_context.serializer_id]


def main() -> None:
    defaults = config.as_dict()
    with Daemon() as daemon:
        uri = daemon.register(Teller())
        Thread(target=daemon.requestLoop).start()

        with Proxy(uri) as teller:
            print("by default:", teller.language())

        config.SERIALIZER = "json"  # or PYRO_SERIALIZER=json in the environment
        with Proxy(uri) as teller:
            print("the whole process:", teller.language())

        mine = config.copy()
        mine.SERIALIZER = "msgpack"
        mine.COMMTIMEOUT = 2.5
        with Proxy(uri, config=mine) as teller:
            print(f"one proxy alone: {teller.language()}, and {teller._pyroTimeout} seconds for an answer")

    try:
        config.COMMTIMEOUT = -1
    except ConfigError:
        print("what makes no sense is refused: COMMTIMEOUT")
    try:
        config.SERIALISER = "json"
    except ConfigError as error:
        print("what does not exist, too:", "SERIALIZER is meant" if "SERIALIZER" in str(error) else error)

    # `pyroplug check-config` shows all of them, and what is wrong with the environment.
    changed = [name for name, value in config.as_dict().items() if value != defaults[name]]
    print("the values that differ from the defaults:", *changed)


if __name__ == "__main__":
    main()
