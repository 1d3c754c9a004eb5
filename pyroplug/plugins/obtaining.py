"""What a plugin's object makes when it is put to use: of the right shape, or whose fault it is.

``conformance`` looks at what hooks return; this looks at what comes of that later, once for each daemon or
proxy. Nothing of it is done for a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pyroplug import contracts
from pyroplug.errors import PluginError, PyroError

from .conformance import described
from .kinds import Kind

__all__ = ["ask", "obtain"]

T = TypeVar("T")

_MADE: dict[Kind, tuple[str, type | None]] = {
    Kind.SERIALIZER: ("codec", contracts.Codec),
    Kind.TRANSPORT: ("listen", contracts.Listener),
    Kind.SERVER: ("create", contracts.Server),
    Kind.HANDSHAKE_VALIDATOR: ("open", None),
    Kind.CALL_OBSERVER: ("open", None),
    Kind.NAME_STORAGE: ("open", contracts.NameStore),
}
"""By which method, and what has to come of it; ``None`` for what the caller looks at itself."""


def ask(kind: Kind, name: str, method: str, call: Callable[..., T], *arguments: Any) -> T:
    """What a method of a plugin's object gives; what it raises by contract passes.

    :param name: the object's.
    :param method: what the contract calls the method.
    :raises PluginError: it raised something else.
    """
    try:
        return call(*arguments)
    except PyroError:
        raise
    except Exception as error:
        raise PluginError(
            f"the {kind.label} {name!r} failed: its {method}() raised {described(error)}",
            hint="it is the plugin's fault: pyroplug.errors has what a contract allows it to raise.",
        ) from error


def obtain(kind: Kind, name: str, make: Callable[..., T], *arguments: Any) -> T:
    """What a plugin's object makes for one daemon or proxy; what it raises by contract passes.

    :param name: the object's.
    :param make: its method for that.
    :raises PluginError: the method raised something else, or made what does not satisfy its contract.
    """
    method, contract = _MADE[kind]
    made = ask(kind, name, method, make, *arguments)
    if contract is not None:
        lacking = [member for member in vars(contract) if member[0] != "_" and not hasattr(made, member)]
        if lacking:
            raise PluginError(
                f"the {kind.label} {name!r} gave {made!r:.100} from its {method}(),"
                f" which has no {', '.join(map(repr, lacking[:3]))}",
                hint=f"it is the plugin's fault: compare it with pyroplug.contracts.{contract.__name__}.",
            )
    return made
