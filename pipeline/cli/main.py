"""The program `custodian`: its commands, and the one place where an error becomes a line and an exit code.

Exit codes (interface, section 2): 0 done; 1 a finding; 2 usage; 69 a service is away or a port is taken; 70 a fault of ours;
74 the output could not be written; 75 try again; 78 settings; 130 ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from pipeline.cli import streams
from pipeline.cli.lazy import DEBUG_KEY, Entry, LazyGroup
from pipeline.errors import OutputError, PipelineError, SettingsError
from pipeline.observability.redaction import redact
from pipeline.printable import lines_of
from pipeline.supervisor.exits import code_of

FINDING, USAGE, INTERRUPTED = 1, 2, 130

ENTRIES = {
    "dev": Entry("pipeline.cli.dev:dev", "The embedded Kafka and PostgreSQL: up, down, status."),
    "init": Entry("pipeline.cli.init:init", "Make topics and prepare the database; safe to repeat."),
    "doctor": Entry("pipeline.cli.doctor:doctor", "Try every connection and move nothing."),
    "up": Entry("pipeline.cli.run:up", "Run every role, supervised, in the foreground."),
    "run": Entry("pipeline.cli.run:run", "Run one or more roles, such as ingest or ledger."),
    "status": Entry("pipeline.cli.status:status", "Health, lag and positions of what runs."),
    "simulate": Entry("pipeline.cli.simulate:simulate", "A venue to try everything on."),
    "orders": Entry("pipeline.cli.orders:orders", "Orders, and an intent's whole story; read one again."),
    "settlements": Entry("pipeline.cli.settlements:settlements", "Emit a settlement for the books once more."),
    "decisions": Entry("pipeline.cli.decisions:decisions", "What was decided and why; approve or refuse what waits for people."),
    "commands": Entry("pipeline.cli.commands:commands", "What venues were told, and what became of it."),
    "halt": Entry("pipeline.cli.halt:halt", "Stop accepting: everywhere, at a venue, for a pair."),
    "resume": Entry("pipeline.cli.halt:resume", "End a halt of the same scope."),
    "ledger": Entry("pipeline.cli.ledger:ledger", "The books: entries, balances; rebuild them."),
    "archive": Entry("pipeline.cli.archive:archive", "The evidence: records, and its verification."),
    "engine-key": Entry("pipeline.cli.engine_key:engine_key", "Key pairs for a risk engine of your own."),
    "replay": Entry("pipeline.cli.replay:replay", "Run today's code over recorded records."),
    "policy": Entry("pipeline.cli.policy:policy", "Check a policy; try a candidate on recorded decisions."),
    "reconcile": Entry("pipeline.cli.reconcile:reconcile", "Compare the venue with the books."),
    "breaks": Entry("pipeline.cli.reconcile:breaks", "What reconciliations found; resolve it."),
    "alarms": Entry("pipeline.cli.alarms:alarms", "Contradictions and losses; acknowledge them."),
    "people": Entry("pipeline.cli.logins:people", "Logins of people, and what each may do."),
    "dead-letters": Entry("pipeline.cli.dead_letters:dead_letters", "What could not be read; requeue it."),
    "positions": Entry("pipeline.cli.positions:positions", "How far each consumer has come; go on behind what Kafka lost."),
    "states": Entry("pipeline.cli.states:states", "What processors remember: let go of old settlements."),
}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("custodian-settlement-pipeline")
    except PackageNotFoundError:
        return "unknown (not installed)"


def _show_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"custodian {_version()}")
        context.exit()


program = LazyGroup(
    name="custodian",
    entries=ENTRIES,
    help="Settlements of a venue, from the stream to a booked entry and an archived record, each exactly once.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    params=[
        click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."),
    ],
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and exit with its code."""
    streams.prepare()
    arguments = sys.argv[1:] if arguments is None else arguments
    context_meta: dict[str, Any] = {}
    try:
        with program.make_context("custodian", list(arguments)) as context:
            context_meta = context.meta
            program.invoke(context)
        code = 0
    except BaseException as error:
        code = _judge(error, debug=bool(context_meta.get(DEBUG_KEY)) or "--debug" in arguments)
    sys.exit(_finish_output(code))


def _finish_output(code: int) -> int:
    """Meet a reader that has left (`| head`), and a full disk, here and not while Python ends; return the exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
    except OutputError as error:
        return _judge(error, debug=False)
    return code


def _judge(error: BaseException, *, debug: bool) -> int:
    """Say an error in a few plain lines and return its exit code."""
    match error:
        case click.exceptions.Exit():
            return int(error.exit_code)
        case SystemExit():
            return _exit_code(error)
        case BrokenPipeError():
            _give_up_output()  # nobody reads any more, which is how `| head` ends
            return 0
        case OutputError():
            _give_up_output()
        case FileNotFoundError() if not _somewhere():
            error = SettingsError("the current folder does not exist any more; go to one that does")
        case KeyboardInterrupt() | click.Abort():
            click.echo("stopped by ctrl-C", err=True)
            return INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return USAGE
        case click.ClickException():
            error.show()
            return error.exit_code
    if debug:
        import traceback

        click.echo(redact("".join(traceback.format_exception(error))), err=True)
    click.echo(lines_of(redact(_text(error))), err=True)
    return code_of(error)


def _give_up_output() -> None:
    """Let Python's own flush at exit not complain about an output that takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _somewhere() -> bool:
    """Say whether the current folder is there."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _text(error: BaseException) -> str:
    if isinstance(error, PipelineError):
        return str(error) or type(error).__doc__ or type(error).__name__
    first = next(iter(str(error).splitlines()), "")
    return f"a fault of this program: {type(error).__name__}: {first} (--debug shows where)"


def _exit_code(error: SystemExit) -> int:
    match error.code:
        case None:
            return 0
        case int():
            return error.code
        case text:
            click.echo(text, err=True)
            return FINDING


if __name__ == "__main__":
    main()
