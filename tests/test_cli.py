"""The command ``pyroplug``: its own subcommands, those of plugins, and how errors are shown."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import pyroplug
from pyroplug import cli
from pyroplug.errors import ConfigError, DaemonError

from .fabricate import HEADER, Site, installed

HELLO = """
import click

@hookimpl
def pyroplug_commands(cli):
    @cli.command("hello")
    def hello():
        "Greet everybody."
        click.echo("hello there")
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.main, arguments)
    return result.exit_code, result.stdout, result.stderr


def start(site: Site, *arguments: str, code: str = "-mpyroplug") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, where the site's plugins are installed as well."""
    source = Path(pyroplug.__file__).parent.parent
    environment = {"PYTHONPATH": f"{site.folder}:{source}", "PYROPLUG_BLOCK": "pyroplug"}
    return subprocess.run(
        [sys.executable, code, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", cli.BUILT_IN)
def test_every_built_in_command_is_where_the_table_says(name: str) -> None:
    module, _, attribute = cli.BUILT_IN[name].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.get_short_help_str(60)[-3:] != "..."


def test_version(site: Site) -> None:
    assert run("--version") == (0, f"pyroplug {pyroplug.__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_all_commands(site: Site, option: str) -> None:
    site.plugin("hello", HELLO)
    code, out, err = run(option)
    assert (code, err) == (0, "")
    assert "list-plugins" in out
    assert "Greet everybody." in out


def test_a_plugins_command_runs(site: Site) -> None:
    site.plugin("hello", HELLO)
    assert run("hello") == (0, "hello there\n", "")


def test_an_unknown_command(site: Site) -> None:
    code, out, err = run("frobnicate")
    assert (code, out) == (2, "")
    assert "frobnicate" in err


def test_broken_plugins_leave_the_command_line_usable(site: Site) -> None:
    site.plugin("bad", "raise SystemExit(7)", "acme-bad")
    site.plugin("hello", HELLO)
    code, out, err = run("hello")
    assert (code, out) == (0, "hello there\n")
    assert err.startswith("warning: plugin 'bad' (acme-bad 1.0): ")
    assert "\nhint: " in err


def test_a_built_in_command_cannot_be_replaced(site: Site) -> None:
    site.plugin("evil", HELLO.replace('"hello"', '"list-plugins"'))
    code, out, err = run("list-plugins")
    assert code == 0
    assert "hello there" not in out
    assert "'list-plugins' belongs to pyroplug" in err
    assert run("--help")[0] == 0


@pytest.mark.parametrize(("error", "code"), [(ConfigError, 2), (DaemonError, 1)])
def test_our_errors_are_shown_without_a_traceback(
    site: Site, error: type[ConfigError] | type[DaemonError], code: int
) -> None:
    source = f"""
import click
from pyroplug.errors import {error.__name__}

@hookimpl
def pyroplug_commands(cli):
    @cli.command("fail")
    def fail():
        raise {error.__name__}("out of cheese", hint="buy some")
"""
    site.plugin("fail", source)
    assert run("fail") == (code, "", "error: out of cheese\nhint: buy some\n")


@pytest.mark.parametrize("arguments", [["list-plugins"], ["--help"], ["unknown"]])
def test_an_unusable_environment_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("PYROPLUG_AUTOLOAD", "perhaps")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: PYROPLUG_AUTOLOAD is 'perhaps'")
    assert "\nhint: " in err


# In a process of its own -------------------------------------------------------------------------------


def test_run_as_a_module(site: Site) -> None:
    site.plugin("hello", HELLO)
    assert start(site, "--version").stdout == f"pyroplug {pyroplug.__version__}\n"
    assert start(site, "hello").stdout == "hello there\n"
    assert start(site, "--help").stdout.startswith("Usage: pyroplug [OPTIONS]")


def test_run_by_its_entry_point(site: Site) -> None:
    script = site.folder / "script.py"
    script.write_text("import sys\nfrom pyroplug.cli import main\nsys.exit(main())\n")
    result = start(site, "frobnicate", code=str(script))
    assert result.returncode == 2
    assert "frobnicate" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_built_in_command_imports_no_more_than_it_needs(site: Site) -> None:
    site.module("lazy", "")
    script = site.folder / "script.py"
    script.write_text(
        "import sys\nfrom pyroplug.cli import main\n"
        "main(['--version'], standalone_mode=False)\nprint(*sys.modules)\n"
    )
    loaded = start(site, code=str(script)).stdout.split()
    assert "click" in loaded
    assert not {"rich", "importlib.metadata", "pyroplug.plugins", "pyroplug.cli.list_plugins"} & set(loaded)


def test_modules_of_the_site_are_written_as_plugins_are(site: Site) -> None:
    assert site.module("one", "x = 1\n").read_text() == HEADER + "x = 1\n"
