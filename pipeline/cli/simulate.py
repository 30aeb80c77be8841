"""`custodian simulate`: a venue to try everything on, without a venue."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import ServiceAwayError, SettingsError

if TYPE_CHECKING:
    from connectors.simulators.musubi.settings import Settings
    from connectors.simulators.musubi.world import Mix

EXIT_AWAY, EXIT_SETTINGS = 69, 78
QUOTES_MAX = 100


class _FiniteRange(click.FloatRange):
    """A number between bounds; NaN compares with nothing, so that bounds alone do not keep it out."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value!r} is not a finite number", param, ctx)


@click.group()
def simulate() -> None:
    """Run a simulated venue."""


def _list_switches(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from connectors.simulators.musubi.switches import SWITCHES

    for switch in SWITCHES:
        click.echo(f"{switch.key}  {switch.about}: {', '.join(switch.values)}")
    context.exit()


def _list_faults(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from connectors.simulators.musubi.faults import FAULTS

    for fault in FAULTS:
        lasting = f", {fault.seconds:g} s" if fault.seconds else ""
        click.echo(f"{fault.name:24}{fault.about} ({fault.unit}{lasting})")
    click.echo("NAME=RATE[:SECONDS][xTIMES]; seconds are real time whatever the speed, xTIMES strikes so often and then no more.")
    click.echo("A fault per accept call can be bound to one kind: NAME@accept_proposal or NAME@co_sign_quote.")
    context.exit()


@simulate.command()
@click.option("--listen", default="127.0.0.1:8700", show_default=True, help="HOST:PORT; port 0 takes a free one.")
@click.option("--port-file", type=click.Path(path_type=Path), help="Write the port here once it is open.")
@click.option("--client-id", default="custodian-a", show_default=True)
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    default="secrets/tokyo",
    show_default=True,
    help="The client's secret; written with a new one when missing.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--speed", type=_FiniteRange(0.001, 1e6), default=1.0, show_default=True, help="Divides the durations of orders and quotes.")
@click.option("--orders", type=click.IntRange(0), default=0, show_default=True, help="How many; 0 for no end.")
@click.option("--rate", type=_FiniteRange(0, 100_000), default=1.0, show_default=True, help="Orders per second, 0 for none.")
@click.option("--mix", default="receiver=50,sender=40,both=10,none=0", show_default=True, help="Shares of our sides.")
@click.option(
    "--console-user",
    type=_FiniteRange(0, 1),
    default=0.75,
    show_default=True,
    help="Share of our sender-side orders that a console user accepts; the others wait for calls.",
)
@click.option("--failing", type=_FiniteRange(0, 1), default=0.04, show_default=True, help="Share not settling.")
@click.option("--cancelling", type=_FiniteRange(0, 1), default=0.0, show_default=True, help="Share that the institution cancels.")
@click.option("--quotes", default="1-3", show_default=True, metavar="FEWEST-MOST", help="Quotes per round.")
@click.option("--quote-spread", type=_FiniteRange(0, 1), default=0.05, show_default=True, help="How much worse than the best.")
@click.option("--rounds", type=click.IntRange(0), default=0, show_default=True, help="Rounds of quotes; 0 until the order expires.")
@click.option("--first-quote", type=_FiniteRange(0.001), default=8.0, show_default=True, help="Seconds until a round's first quote.")
@click.option("--quote-validity", type=_FiniteRange(0.001), default=30.0, show_default=True, help="Seconds.")
@click.option("--order-lifetime", type=_FiniteRange(0.001), default=300.0, show_default=True, help="Seconds.")
@click.option(
    "--institution",
    type=click.Choice(["best", "any", "late", "never"]),
    default="best",
    show_default=True,
    help="Which quote the institution selects; it binds us under --switch A-10=selected_only.",
)
@click.option("--settle-directly", is_flag=True, help="Settle each order when it is created, for load.")
@click.option("--switch", "switches", multiple=True, metavar="A-nn=VALUE", help="See --list-switches.")
@click.option("--fault", "faults", multiple=True, metavar="NAME=RATE[:SECONDS][xTIMES]", help="See --list-faults.")
@click.option("--truth", "truth_file", type=click.Path(path_type=Path), help="Append the truth here, JSON lines.")
@click.option("--heartbeat", type=_FiniteRange(0.01), default=30.0, show_default=True, help="Seconds.")
@click.option("--token-lifetime", type=_FiniteRange(0.1), default=3600.0, show_default=True, help="Seconds.")
@click.option(
    "--clock-skew",
    type=_FiniteRange(-86400, 86400),
    default=0.0,
    show_default=True,
    help="Real seconds that the venue's clock is ahead.",
)
@click.option("--schema-version", default="v2", show_default=True, help="What whoami states; empty for nothing.")
@click.option("--control/--no-control", default=True, show_default=True, help="Open /simulator/ to this machine.")
@click.option("--list-switches", is_flag=True, is_eager=True, expose_value=False, callback=_list_switches)
@click.option("--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults)
def musubi(port_file: Path | None, **options: Any) -> None:
    """Run a Musubi custodian backend in which institutions and market makers are played.

    GET /simulator/rates plays a provider of reference rates, for a section [rates.NAME] with kind = "http_json".
    """
    try:
        from connectors.simulators.musubi.command import run
    except ModuleNotFoundError as problem:
        if problem.name != "aiohttp":
            raise
        _fail("the simulator needs aiohttp: install the extra `simulator`", EXIT_SETTINGS)
    try:
        run(_settings(**options), port_file=port_file, say=click.echo)
    except SettingsError as problem:
        _fail(str(problem), EXIT_SETTINGS)
    except ServiceAwayError as problem:
        _fail(str(problem), EXIT_AWAY)


def _fail(text: str, code: int) -> None:
    failure = click.ClickException(text)
    failure.exit_code = code
    raise failure


def _mix(text: str) -> Mix:
    from connectors.simulators.musubi.world import Mix

    try:
        shares = {name.strip(): float(value) for name, _, value in (part.partition("=") for part in text.split(","))}
        mix = Mix(**{"receiver": 0.0, "sender": 0.0, "both": 0.0, "none": 0.0, **shares})
    except (ValueError, TypeError):
        raise click.BadParameter("write SIDE=SHARE,… of receiver, sender, both, none", param_hint="--mix") from None
    if min(mix.receiver, mix.sender, mix.both, mix.none) < 0 or not mix.receiver + mix.sender + mix.both + mix.none > 0:
        raise click.BadParameter("shares are not negative and not all 0", param_hint="--mix")
    return mix


def _quotes(text: str) -> tuple[int, int]:
    fewest, _, most = text.partition("-")
    try:
        count = int(fewest), int(most or fewest)
    except ValueError:
        count = -1, -1
    if not 0 <= count[0] <= count[1] <= QUOTES_MAX:
        raise click.BadParameter(f"write FEWEST-MOST, such as 1-3, or one number, at most {QUOTES_MAX}", param_hint="--quotes")
    return count


def _settings(
    *,
    listen: str,
    client_id: str,
    secret_file: Path,
    switches: tuple[str, ...],
    faults: tuple[str, ...],
    truth_file: Path | None,
    heartbeat: float,
    token_lifetime: float,
    schema_version: str,
    control: bool,
    mix: str,
    quotes: str,
    clock_skew: float,
    **rules: Any,
) -> Settings:
    from connectors.simulators.musubi.command import parse_listen, read_secret
    from connectors.simulators.musubi.faults import parse_faults
    from connectors.simulators.musubi.settings import Settings
    from connectors.simulators.musubi.switches import parse_switches
    from connectors.simulators.musubi.world import Rules

    host, port = parse_listen(listen)
    return Settings(
        client_id=client_id,
        client_secret=read_secret(secret_file),
        host=host,
        port=port,
        rules=Rules(mix=_mix(mix), quotes=_quotes(quotes), **rules),
        switches=parse_switches(switches),
        faults=parse_faults(faults),
        truth_file=truth_file,
        heartbeat=heartbeat,
        token_lifetime=token_lifetime,
        schema_version=schema_version or None,
        clock_skew=clock_skew,
        control=control,
    )
