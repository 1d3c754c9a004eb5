"""One client of a crowd, ``python -m benchmarks.clients.crowd``.

It reads lines that say what to do, and answers each with one: null, or what went wrong.
"""

from __future__ import annotations

import json
import os
import sys

from benchmarks.contestant import Remote
from benchmarks.contestants import line_up


def _main() -> None:
    everybody = {each.name: each for each in line_up()}
    remotes: dict[str, Remote] = {}
    for line in sys.stdin:
        what, name, argument = json.loads(line)
        error = None
        try:
            if what == "connect":
                remotes[name] = everybody[name].connect(argument)
                remotes[name].nop()
            else:
                nop = remotes[name].nop
                for _ in range(argument):
                    nop()
        except Exception as problem:  # whatever a library has
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps(error), flush=True)
    os._exit(0)  # some libraries have threads that would wait


if __name__ == "__main__":
    _main()
