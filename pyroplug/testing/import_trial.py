"""Imports one plugin, alone in a process, and tells what that took and changed.

It is run as ``python -m pyroplug.testing.import_trial TARGET``; the last thing it prints is a NUL and JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
from typing import Any

from pyroplug.plugins import PluginSet

__all__ = ["main"]

TOOLS = ("hypothesis", "pytest", "unittest")
_DESCRIPTORS = "/proc/self/fd"


def main(target: str) -> None:
    """Import what an entry point names, ask it for what it provides, and print what was noticed."""
    PluginSet(autoload=False)  # so that what that imports is not the plugin's
    module, _, attribute = target.partition("[")[0].partition(":")
    before, began = _state(), time.process_time()
    plugin: Any = importlib.import_module(module.strip())
    seconds = time.process_time() - began
    for part in filter(None, attribute.strip().split(".")):
        plugin = getattr(plugin, part)
    tools = [name for name in TOOLS if name in sys.modules]
    PluginSet(autoload=False, plugins={"trial": plugin}, warn=lambda text: None)
    after = _state()
    changes = [
        f"{what} changed: {_difference(before[what], after[what])}"
        for what in before
        if before[what] != after[what]
    ]
    print("\0" + json.dumps({"seconds": seconds, "changes": changes, "tools": tools}))


def _state() -> dict[str, Any]:
    """What belongs to the whole process, in words for people."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "the environment": dict(os.environ),
        "the working directory": os.getcwd(),
        "sys.path": list(sys.path),
        "the hooks for uncaught errors": [repr(sys.excepthook), repr(threading.excepthook)],
        "the limit of recursion": sys.getrecursionlimit(),
        "the interval of threads": sys.getswitchinterval(),
        "the garbage collector": [gc.isenabled(), gc.get_threshold()],
        "the default time limit of sockets": socket.getdefaulttimeout(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the umask": umask,
        "the root logger": [repr(logging.root.handlers), logging.root.level],
        "the state of random": hash(random.getstate()),
        "the handlers of signals": {int(number): _handler(number) for number in signal.valid_signals()},
        "open files": _open_files(),
    }


def _handler(number: int) -> str | None:
    try:
        return repr(signal.getsignal(number))
    except ValueError:  # it has none that could be asked for
        return None


def _open_files() -> list[str]:
    if not os.path.isdir(_DESCRIPTORS):
        return []
    names = [f"{_DESCRIPTORS}/{number}" for number in os.listdir(_DESCRIPTORS)]
    return sorted(f"{os.readlink(name)} as {name}" for name in names if os.path.exists(name))


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, dict):
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return ", ".join(f"{key}: {after.get(key)}" for key in keys)
    if isinstance(before, list):
        return ", ".join(str(it) for it in after if it not in before) or str(after)
    return str(after)


if __name__ == "__main__":
    main(sys.argv[1])
