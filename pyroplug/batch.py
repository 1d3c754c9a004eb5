"""Many calls in one message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .errors import ProtocolError, RemoteError
from .proxy import Proxy
from .values import ExceptionWrapper, attach_remote_traceback
from .wire import Flags

__all__ = ["BatchProxy"]

_BATCH, _ONEWAY = int(Flags.BATCH), int(Flags.ONEWAY)
_NO_KEYWORDS: dict[str, Any] = {}
"""One for all calls that have none: a thousand of them would keep Python's garbage collector busy."""
_Call = tuple[str, Sequence[Any], dict[str, Any]]


def _batched_method(calls: list[_Call], name: str) -> Callable[..., None]:
    """A function that keeps calls of a method for later."""
    keep = calls.append

    def batched_method(*args: Any, **kwargs: Any) -> None:
        keep((name, args, kwargs or _NO_KEYWORDS))

    batched_method.__name__ = name
    return batched_method


class BatchProxy:
    """Keeps calls of a proxy's methods, which return ``None``, until it is called itself.

    Then all of them are sent in one message, run in order, and the results are what it gives. It is empty
    again afterwards, whatever the outcome, and can be used for the next ones.
    """

    _pyroCalls: list[_Call]

    def __init__(self, proxy: Proxy[Any]) -> None:
        self._pyroProxy = proxy
        self._pyroCalls = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        # It is found without __getattr__ from now on.
        method = self.__dict__[name] = _batched_method(self._pyroCalls, name)
        return method

    def __call__(self, oneway: bool = False) -> Iterator[Any] | None:
        """Send the calls: an iterator of their results, in order.

        It raises what a call raised when it comes to that one's result, and then ends: the calls after it
        were not made. A ``StopIteration`` of a call comes as a :exc:`~pyroplug.errors.RemoteError`.

        :param oneway: do not wait for results; ``None`` is returned.
        :raises BaseException: as any call of the proxy; nothing is known of the calls then.
        """
        # In place: methods that were looked up before keep the list.
        calls = list(self._pyroCalls)
        self._pyroCalls.clear()
        self._pyroProxy._pyroClaimOwnership()
        flags = _BATCH | _ONEWAY if oneway else _BATCH
        results = self._pyroProxy._pyroInvoke("<batch>", calls, {}, flags)
        if oneway:
            return None
        if not isinstance(results, (list, tuple)):
            raise ProtocolError(f"the answer to a batch is a {type(results).__name__}, not a list")
        return _unwrapped(results) if ExceptionWrapper in map(type, results) else iter(results)

    def __copy__(self) -> BatchProxy:
        twin = type(self)(self._pyroProxy)
        twin._pyroCalls = list(self._pyroCalls)
        return twin

    def __enter__(self) -> BatchProxy:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _unwrapped(results: Sequence[Any]) -> Iterator[Any]:
    for result in results:
        if isinstance(result, ExceptionWrapper):
            error = result.exception
            if isinstance(error, StopIteration):
                error = _not_the_end(error)
            attach_remote_traceback(error)
            raise error
        yield result


def _not_the_end(error: StopIteration) -> RemoteError:
    """What stands for a ``StopIteration`` that a call raised: by itself it would end the results."""
    told = RemoteError(str(error), "builtins.StopIteration", error.args)
    told.__dict__.update(vars(error))
    return told
