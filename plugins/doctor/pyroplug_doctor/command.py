"""``pyroplug doctor``: what is typed, and what becomes of it."""

from __future__ import annotations

import json
import re

import click

from pyroplug.api import URI, config
from pyroplug.errors import PyroError
from pyroplug.plugins import default_plugins

from .diagnosis import diagnose, reached
from .findings import Situation
from .names import Where
from .report import document, print_conclusion, print_finding, print_heading

__all__ = ["doctor", "situation"]

_LARGEST_ANSWER = 64 * 1024 * 1024
_is_uri = re.compile(r"PYRO(NAME|META)?:", re.IGNORECASE).match


@click.command("doctor")
@click.argument("target", metavar="[URI|NAME]", required=False)
@click.option("-n", "--host", default="", metavar="HOST", help="Where the name server is: host, or ./u:PATH.")
@click.option(
    "-p",
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Its port; without --host here, and the UDP port that broadcasts go to.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each step may take.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead.")
@click.option("--verbose", is_flag=True, help="Tell the facts behind each finding.")
@click.pass_context
def doctor(
    ctx: click.Context,
    target: str | None,
    host: str,
    port: int | None,
    timeout: float,
    as_json: bool,
    verbose: bool,
) -> None:
    """Find out why an object, or the name server, cannot be reached.

    Goes the way that a client goes, step by step, with the configuration that a client has here: it looks
    names up, connects, says hello and calls Pyro.Daemon.ping and get_metadata. For the first step that fails
    it tells the likely cause and a remedy. Without URI or NAME it is the way to the name server.

    The exit status is 0 only if the calls get through.
    """
    uri = _uri(target)
    walk = diagnose(uri, Where(host, port), situation(timeout))
    findings = []
    scope = ""
    for finding in walk:
        findings.append(finding)
        if as_json:
            continue
        if finding.scope != scope:
            scope = finding.scope
            print_heading(scope)
        print_finding(finding, verbose)
    if as_json:
        click.echo(json.dumps(document(str(uri or ""), findings), indent=2))
    else:
        print_conclusion(findings)
    if not reached(findings):
        ctx.exit(1)


def situation(timeout: float) -> Situation:
    """This process's configuration and plugins, for steps of so many seconds."""
    settings = config.copy()
    settings.COMMTIMEOUT = timeout
    settings.MAX_RETRIES = 0
    settings.MAX_MESSAGE_SIZE = min(settings.MAX_MESSAGE_SIZE, _LARGEST_ANSWER)
    return Situation(settings, default_plugins(), timeout)


def _uri(text: str | None) -> URI | None:
    """A URI; a name alone is one that the name server knows."""
    if text is None:
        return None
    try:
        return URI(text if _is_uri(text) else f"PYRONAME:{text}")
    except PyroError as error:
        raise click.BadParameter(str(error), param_hint="URI|NAME") from error
