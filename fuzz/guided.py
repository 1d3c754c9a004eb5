"""One target with atheris, which sees what code is reached: ``python -m fuzz.guided TARGET [OPTION ...]``.

The options are libFuzzer's. It is a program of its own, as atheris ends the process that it is in, and has to
be there before the code that it watches.
"""

from __future__ import annotations

import logging
import sys

import atheris

WATCHED = ["pyroplug", *(f"pyroplug_{name}" for name in ("serpent", "json", "msgpack", "marshal")), "fuzz"]


def main() -> None:
    """Fuzz until a limit among the options is reached, or something breaks."""
    logging.disable()  # what the bytes make a daemon warn of
    with atheris.instrument_imports(include=WATCHED):
        import pyroplug_json.serializer  # noqa: F401 - later these would not be watched
        import pyroplug_marshal.serializer  # noqa: F401
        import pyroplug_msgpack  # noqa: F401
        import pyroplug_serpent  # noqa: F401

        from .targets import TARGETS
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
