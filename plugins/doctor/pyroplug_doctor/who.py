"""The steps that find out who is there: TLS, and which protocol is spoken."""

from __future__ import annotations

from dataclasses import replace

from pyroplug.errors import HandshakeError
from pyroplug.protocol import PROTOCOL_VERSION

from .findings import Finding, failed, milliseconds, ok, skipped
from .probes import first_bytes
from .probes.first_bytes import Answer, Who
from .probes.tls import fault_of, speaks_tls
from .remedies import Fault
from .visits import Visit

__all__ = ["protocol", "tls"]

_PYRO4 = 100
"""Protocol versions below belong to Pyro4 and before."""
_SHOWN = 40
_BRIEF = 1.0


def tls(visit: Visit) -> Finding:
    """Whether TLS comes about, with this side's configuration."""
    situation = visit.situation
    if not getattr(situation.settings, "SSL", False):
        return skipped("SSL is off here")
    visit.answer = answer = first_bytes.ask(visit.location, situation)
    error = answer.error
    if answer.who is not Who.NOBODY or error is None:
        return ok(f"agreed on, with a certificate for {visit.uri.host}", host=visit.uri.host)
    fault = fault_of(error)
    if fault is Fault.TLS_FAILED:
        # Of its reason to close the connection nothing may be left.
        brief = replace(situation, timeout=min(situation.timeout, _BRIEF))
        quiet = first_bytes.ask(visit.location, brief, quietly=True).error
        if isinstance(quiet, HandshakeError) and fault_of(quiet) is not Fault.TLS_FAILED:
            fault, error = fault_of(quiet), quiet
    if fault is Fault.TLS_FAILED:
        plain = situation.settings.copy()
        plain.SSL = False
        other = first_bytes.ask(visit.location, situation, plain)
        if other.who in (Who.PYRO, Who.OTHER_PYRO):
            return failed(Fault.NO_TLS, f"{visit.location} speaks Pyro without TLS", host=visit.uri.host)
        if other.who is Who.OTHER:
            visit.answer = other
            return _not_pyro(visit, other)
    return failed(fault, str(error.args[0]), host=visit.uri.host)


def protocol(visit: Visit) -> Finding:
    """Who answers a Pyro hello, and in which version of the protocol."""
    answer = visit.answer or first_bytes.ask(visit.location, visit.situation)
    visit.answer = answer
    if answer.who is Who.PYRO:
        return ok(
            f"a Pyro server answers, in version {answer.version} ({milliseconds(answer.seconds)})",
            answer.seconds,
            version=answer.version,
        )
    if answer.who is Who.OTHER_PYRO:
        return _other_version(answer)
    if _is_tls(visit, answer):
        return failed(Fault.TLS_ONLY, f"{visit.location} speaks TLS, and SSL is off here")
    return _not_pyro(visit, answer) if answer.who is Who.OTHER else _nothing(visit, answer)


def _nothing(visit: Visit, answer: Answer) -> Finding:
    """There was nothing that could be read."""
    if answer.who is Who.SILENT:
        came = f"no more came than {answer.data[:_SHOWN]!r}" if answer.data else "nothing came"
        text = f"connected, and {came} within {visit.situation.timeout:g} s"
        return failed(Fault.SILENT, text, answer.seconds)
    error = answer.error
    if answer.who is Who.CLOSED or error is None:
        return failed(Fault.CLOSED, "connected, and closed by the other side without a word", answer.seconds)
    fault = fault_of(error) if isinstance(error, HandshakeError) else Fault.CLOSED
    return failed(fault, str(error.args[0]), answer.seconds, host=visit.uri.host)


def _is_tls(visit: Visit, answer: Answer) -> bool:
    """Some servers tell in TLS that this was none, and others just close."""
    if answer.who is Who.TLS:
        return True
    host, number = visit.uri.host, visit.uri.port
    if answer.who not in (Who.CLOSED, Who.SILENT) or answer.data or host is None or number is None:
        return False
    on = getattr(visit.situation.settings, "SSL", False)
    return not on and speaks_tls(host, number, visit.situation.timeout)


def _other_version(answer: Answer) -> Finding:
    version = answer.version
    assert version is not None
    facts = {"version": version, "ours": PROTOCOL_VERSION}
    if version < _PYRO4:
        return failed(Fault.PYRO4, f"a Pyro4 server answers, in version {version}", answer.seconds, **facts)
    text = f"a Pyro server answers, in version {version} of the protocol; here it is {PROTOCOL_VERSION}"
    return failed(Fault.OTHER_VERSION, text, answer.seconds, **facts)


def _not_pyro(visit: Visit, answer: Answer) -> Finding:
    shown = answer.data[:_SHOWN]
    text = f"{answer.name or 'a server of another kind'} answers: {shown!r}"
    return failed(
        Fault.NOT_PYRO,
        text,
        answer.seconds,
        who=answer.name or "a server of another kind",
        location=visit.location,
        data=shown.decode("latin-1"),
    )
