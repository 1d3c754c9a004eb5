"""Names and name servers, as programs ask for them: the configured name service does the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .config import Configuration, config
from .contracts import LookupContext, NameServerOptions, NameService
from .errors import NamingError, PluginError, PluginUnavailableError, PyroError
from .time_limit import TimeLimit, finite
from .uri import URI

if TYPE_CHECKING:
    from .plugins import PluginSet
    from .proxy import Proxy

__all__ = ["locate_ns", "look_up", "resolve", "start_ns", "start_ns_loop"]


def resolve(
    uri: str | URI,
    delay_time: float = 0.0,
    *,
    config: Configuration = config,
    plugins: PluginSet | None = None,
) -> URI:
    """The direct address that a URI stands for: of a direct one, a copy of it.

    :param delay_time: seconds for which a lookup that fails is repeated; 0 for the configuration's
        ``NS_LOOKUP_DELAY``.
    :param config: the configuration to use.
    :param plugins: the plugins to choose from; ``None`` for the process's own.
    :raises NamingError: the name is unknown, or no name server answers.
    :raises PyroError: it is no URI.
    :raises TypeError: it is neither a text nor a URI.
    """
    delay = delay_time or config.NS_LOOKUP_DELAY
    return look_up(URI(uri), delay, _context(config, plugins, delay))


def look_up(uri: URI, delay: float, context: LookupContext) -> URI:
    """The direct address that a URI stands for, found on behalf of ``context``. Raises as ``resolve``."""
    if uri.protocol == "PYRO":
        return uri
    service = _service(context, f"{uri} has to be looked up")
    told = _ask(service, "resolve", str(uri), delay, context)
    try:
        found = URI(told)
    except (PyroError, TypeError) as error:
        raise _nonsense(service, f"says that {uri} is at {told!r:.200}", "no address") from error
    if found.protocol != "PYRO":
        raise _nonsense(service, f"says that {uri} is at {found}", "no direct address: it has to look on")
    return found


def locate_ns(
    host: Any = "",
    port: int | None = None,
    broadcast: bool = True,
    *,
    config: Configuration = config,
    plugins: PluginSet | None = None,
) -> Proxy[Any]:
    """A proxy of a name server, found where the configuration says, or by asking the network.

    :param host: host name or address, also one of :mod:`ipaddress`, or ``./u:path``: look there alone.
    :param port: of the name server; without ``host`` that of one on this machine, or else the UDP port that
        broadcasts go to.
    :param broadcast: ask the network if no name server is found on this machine.
    :param config: the configuration to use.
    :param plugins: the plugins to choose from; ``None`` for the process's own.
    :raises NamingError: none answers.
    """
    context = _context(config, plugins, 0.0)
    service = _service(context, "no name server can be looked for")
    found: Proxy[Any] = _ask(service, "locate", host, port, broadcast, context)
    if found is None:
        raise _nonsense(
            service, "located None", "no name server: it has to raise NamingError where there is none"
        )
    return found


def start_ns(
    host: Any = None,
    port: int | None = None,
    enableBroadcast: bool = True,
    bchost: Any = None,
    bcport: int | None = None,
    unixsocket: str | None = None,
    nathost: str | None = None,
    natport: int | None = None,
    storage: str | None = None,
    *,
    config: Configuration = config,
    plugins: PluginSet | None = None,
) -> tuple[URI, Any, Any]:
    """Start a name server: its URI, its daemon, of which you run the loop, and its broadcast responder.

    The arguments are described at :class:`~pyroplug.contracts.NameServerOptions`.

    :returns: ``None`` for the responder if there is none.
    :raises NamingError: the storage is unusable.
    :raises AddressError: an address cannot be listened on.
    """
    options = NameServerOptions(
        host, port, enableBroadcast, bchost, bcport, unixsocket, nathost, natport, storage
    )
    context = _context(config, plugins)
    service = _service(context, "no name server can be started")
    started = service.start(options, context)
    if not isinstance(started, tuple) or len(started) != 3:
        raise _nonsense(service, f"started {started!r:.200}", "not a URI, a daemon, and a responder or None")
    return started


def start_ns_loop(
    host: Any = None,
    port: int | None = None,
    enableBroadcast: bool = True,
    bchost: Any = None,
    bcport: int | None = None,
    unixsocket: str | None = None,
    nathost: str | None = None,
    natport: int | None = None,
    storage: str | None = None,
    loopCondition: Callable[[], bool] = lambda: True,
    *,
    config: Configuration = config,
    plugins: PluginSet | None = None,
) -> None:
    """Start a name server, print its URI, and serve it as long as ``loopCondition()`` is true.

    The arguments are described at :class:`~pyroplug.contracts.NameServerOptions`. Raises as
    :func:`start_ns` does.
    """
    options = NameServerOptions(
        host, port, enableBroadcast, bchost, bcport, unixsocket, nathost, natport, storage
    )
    context = _context(config, plugins)
    _service(context, "no name server can be started").serve(options, loopCondition, context)


def _context(settings: Configuration, plugins: PluginSet | None, delay: float | None = None) -> LookupContext:
    """
    :param delay: what is added to the configured time limit; ``None`` for no limit at all.
    """
    from .plugins import default_plugins

    left: Callable[[], float | None] = _for_ever
    if delay is not None and settings.COMMTIMEOUT:
        limit = TimeLimit(finite(settings.COMMTIMEOUT + delay))
        limit.begin()
        left = limit.left
    return LookupContext(settings, default_plugins() if plugins is None else plugins, left)


def _for_ever() -> None:
    """No limit is set to the asker's time."""


def _service(context: LookupContext, wanted: str) -> NameService:
    from .plugins import Kind

    name = context.settings.NAME_SERVICE
    try:
        service: NameService = context.plugins.get(Kind.NAME_SERVICE, name)
    except PluginUnavailableError as error:
        raise NamingError(f"{wanted}, and the name service {name!r} is not to be had: {error}") from error
    return service


def _ask(service: NameService, method: str, *arguments: Any) -> Any:
    from .plugins import Kind
    from .plugins.obtaining import ask

    return ask(Kind.NAME_SERVICE, service.name, method, getattr(service, method), *arguments)


def _nonsense(service: NameService, what: str, wrong: str) -> PluginError:
    return PluginError(
        f"the name service {service.name!r} {what}, which is {wrong}",
        hint="it is the plugin's fault: compare it with pyroplug.contracts.NameService.",
    )
