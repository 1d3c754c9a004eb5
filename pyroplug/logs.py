"""What the environment says about logging, put into effect when :mod:`pyroplug.api` is imported.

With ``PYRO_LOGLEVEL`` set, and nothing set up by the program before, everything from that level on goes to
the file that ``PYRO_LOGFILE`` names: the root logger is set up, so that the program's own log goes there too.
If the program has set up logging, its handlers stay, and the level becomes that of the logger ``pyroplug``,
unless the program has given it one.

Without it nothing is set up, and nothing is switched off: no level is changed, and no handler is added. So a
program can set up logging before or after the import, with the standard module alone. As long as nobody does,
Python itself drops what is below a warning, and prints warnings to standard error. That is meant: what a
daemon warns of, such as a validator that crashes, must not vanish because nobody thought of logging.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

from .contracts import Settings

__all__ = ["set_up_logging"]

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_STANDARD_ERROR = "{stderr}"

log = logging.getLogger("pyroplug")


def set_up_logging(settings: Settings) -> None:
    """Do what ``LOGLEVEL`` and ``LOGFILE`` say. What is unusable of it is warned of; nothing is raised."""
    if not settings.LOGLEVEL:
        return
    level = logging.getLevelName(settings.LOGLEVEL.strip().upper())
    if not isinstance(level, int):
        warnings.warn(
            f"PYRO_LOGLEVEL is {settings.LOGLEVEL!r}, which is no level of the logging module, so nothing is "
            "set up; it has to be DEBUG, INFO, WARNING, ERROR or CRITICAL",
            stacklevel=2,
        )
    elif logging.root.handlers:
        if log.level == logging.NOTSET:
            log.setLevel(level)
    else:
        logging.basicConfig(level=level, format=_FORMAT, **_destination(settings.LOGFILE))
        log.info("logging from %s on", logging.getLevelName(level))


def _destination(file: str) -> dict[str, Any]:
    if file != _STANDARD_ERROR:
        try:
            return {"handlers": [logging.FileHandler(file, encoding="utf-8")]}
        except (OSError, ValueError) as error:
            warnings.warn(
                f"PYRO_LOGFILE is {file!r}, which cannot be written to ({error}); "
                "the log goes to standard error instead",
                stacklevel=3,
            )
    return {"stream": sys.stderr}
