"""The steps to a server that has no host and port: a socket file, or whatever another transport has."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import Any

from pyroplug.errors import CommunicationError, TimeoutError

from .findings import Finding, failed, milliseconds, ok
from .remedies import Fault
from .visits import Visit

__all__ = ["connection", "socket_file"]

_FAULTS = {
    errno.ECONNREFUSED: Fault.SOCKET_ABANDONED,
    errno.ENOENT: Fault.SOCKET_MISSING,
    errno.ENOTDIR: Fault.SOCKET_MISSING,
    errno.EACCES: Fault.SOCKET_FORBIDDEN,
    errno.EPERM: Fault.SOCKET_FORBIDDEN,
    errno.EPROTOTYPE: Fault.NO_SOCKET,
}


def socket_file(visit: Visit) -> Finding:
    """Whether there is a socket file, and it may be used."""
    path = visit.uri.sockname
    assert path is not None
    facts: dict[str, Any] = {"path": path}
    try:
        found = os.stat(path)
    except PermissionError:
        return failed(Fault.SOCKET_FORBIDDEN, f"the folder of {path} may not be entered", **facts)
    except OSError as error:
        return failed(Fault.SOCKET_MISSING, f"{path}: {(error.strerror or str(error)).lower()}", **facts)
    if not stat.S_ISSOCK(found.st_mode):
        return failed(Fault.NO_SOCKET, f"{path} is no socket", **facts)
    about = f"{stat.filemode(found.st_mode)}, of user {found.st_uid} and group {found.st_gid}"
    facts |= {"mode": f"{stat.S_IMODE(found.st_mode):o}", "about": about}
    if not os.access(path, os.W_OK):
        return failed(Fault.SOCKET_FORBIDDEN, f"{path} may not be written to: {about}", **facts)
    return ok(f"{path} is a socket: {about}", **facts)


def connection(visit: Visit) -> Finding:
    """Whether somebody takes connections."""
    situation = visit.situation
    scheme, _, address = visit.location[2:].partition(":")
    began = time.monotonic()
    try:
        situation.plugins.by_scheme(scheme).connect(address, situation.settings, situation.timeout).close()
    except TimeoutError as error:
        return failed(Fault.SILENT, str(error.args[0]))
    except CommunicationError as error:
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        return failed(_FAULTS.get(number or 0, Fault.REFUSED), str(error.args[0]))
    seconds = time.monotonic() - began
    return ok(f"{visit.location} takes connections ({milliseconds(seconds)})", seconds)
