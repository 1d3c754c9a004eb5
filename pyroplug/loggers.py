"""Loggers for the rooms of the kernel. How logging is set up is not told here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from logging import Logger

__all__ = ["logger"]


def logger(name: str) -> Logger:
    """The logger of that name, looked up when something is logged.

    Importing ``logging`` takes a tenth of the time that importing the API does, and many a program that is
    run often and briefly has nothing to log.
    """
    return cast("Logger", _Late(name))


class _Late:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        import logging

        found = getattr(logging.getLogger(self._name), attribute)
        if callable(found):  # its methods stay the same
            self.__dict__[attribute] = found
        return found
