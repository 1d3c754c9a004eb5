"""What subcommands are made with: importing one when it is used, and ending one that has failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pyroplug.commands import UNREACHABLE, Failure, as_program, later, visible
from pyroplug.errors import ConfigError, DaemonError, NamingError

SOURCE = """
import click

@click.command("greet")
@click.argument("name")
@click.option("--loud", is_flag=True)
@click.pass_context
def greet(ctx, name, loud):
    "Greet somebody."
    click.echo(f"{ctx.command_path}: hello {name}{'!' * loud}")
    ctx.exit(7)

@click.group("many")
@click.option("--count", default=1)
@click.pass_context
def many(ctx, count):
    ctx.obj = count

@many.command("greet")
@click.pass_obj
def each(count):
    click.echo("hello " * count)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "a_later_module.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "a_later_module"
    sys.modules.pop("a_later_module", None)


@pytest.fixture
def cli(module: str) -> click.Group:
    cli = click.Group("pyroplug")
    cli.add_command(later("greet", f"{module}:greet", "Greet one."))
    cli.add_command(later("many", f"{module}:many", "Greet several."))
    return cli


def run(cli: click.Command, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, arguments, prog_name="pyroplug")
    return result.exit_code, result.output


def test_a_list_of_commands_imports_none(cli: click.Group, module: str) -> None:
    code, out = run(cli, "--help")
    assert code == 0
    assert "Greet one." in out
    assert module not in sys.modules


def test_it_is_the_command_itself_when_it_is_used(cli: click.Group) -> None:
    assert run(cli, "greet", "you", "--loud") == (7, "pyroplug greet: hello you!\n")
    assert run(cli, "greet")[0] == 2
    assert "Greet somebody." in run(cli, "greet", "--help")[1]


def test_it_may_have_subcommands(cli: click.Group) -> None:
    assert run(cli, "many", "--count", "2", "greet") == (0, "hello hello \n")
    assert "greet" in run(cli, "many", "--help")[1]


def test_it_can_be_run_alone(module: str) -> None:
    assert run(later("greet", f"{module}:greet", ""), "you")[0] == 7


@pytest.mark.parametrize(("status", "code"), [(None, 1), (UNREACHABLE, 3)])
def test_a_failure_is_told_and_ends_the_command(status: int | None, code: int) -> None:
    @click.command()
    def fail() -> None:
        error = DaemonError("out of cheese", hint="buy some")
        raise Failure(error) if status is None else Failure(error, status)

    result = CliRunner().invoke(fail)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == "error: out of cheese\nhint: buy some\n"


def test_what_comes_from_elsewhere_gives_a_terminal_no_orders() -> None:
    assert visible("plain ä\n\ttext") == "plain ä\n\ttext"
    assert visible("a\x1b[2J\r\x9bä") == r"a\x1b[2J\r\x9bä"

    @click.command()
    def fail() -> None:
        raise Failure("\x1b[2J")

    assert CliRunner().invoke(fail, color=True).stderr == "error: \\x1b[2J\n"


@pytest.mark.parametrize(
    ("fault", "status"),
    [(ConfigError("no sense"), 2), (NamingError("no sense"), 1), (Failure("no sense", 7), 7)],
)
def test_a_command_by_itself_ends_the_process(
    fault: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, as_program():
        raise fault
    assert ended.value.code == status
    assert capsys.readouterr().err == "error: no sense\n"


def test_what_is_no_error_of_ours_is_no_failure() -> None:
    with pytest.raises(KeyError), as_program():
        raise KeyError("x")
