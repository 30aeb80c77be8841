"""Draws the figures: a live screen on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from infra.demo.figures import Figures

WAY = "venue ─SSE/REST→ ingest ─Kafka→ settlement (Faust) ─Kafka→ ledger + archive (PostgreSQL)"


def screen(figures: Figures, *, elapsed: float, seconds: float, news: list[str]) -> RenderableType:
    """Return the live screen."""
    clock = f"{elapsed:.0f} s" + (f" of {seconds:.0f} s" if seconds else ", ctrl-C ends it")
    parts: list[RenderableType] = [Text(WAY, style="dim"), Columns([_flow(figures), _health(figures)], padding=(0, 2))]
    if figures.trouble:
        parts.append(Text(f"waiting: {figures.trouble}", style="yellow"))
    if news:
        parts.append(Text("\n".join(news[-5:]), style="dim", no_wrap=True, overflow="ellipsis"))
    return Panel(Group(*parts), title="custodian settlement pipeline", subtitle=clock, padding=(0, 1))


def _flow(figures: Figures) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="left")
    table.add_column(justify="right", style="bold")
    wrong = figures.venue_faults
    rows: list[tuple[str, str, str]] = [
        ("the venue settled (its own count)", _n(figures.venue_settled), "cyan"),
        ("  of its frames repeated on purpose", _n(wrong.get("duplicate", 0)), "dim"),
        ("  dropped on purpose", _n(wrong.get("drop", 0)), "dim"),
        ("frames seen", _n(figures.frames), ""),
        ("published to Kafka", _n(figures.published), ""),
        ("duplicates and late frames dropped", _n(figures.duplicates), "yellow"),
        ("settled, once each", _n(figures.settled), "green"),
        ("booked", _n(figures.booked), "green"),
        ("archived records", _n(figures.archived), "green"),
        ("alarms", _n(figures.alarms), "red" if figures.alarms else "dim"),
        ("dead letters", _n(figures.dead_letters), "yellow" if figures.dead_letters else "dim"),
    ]
    for name, count, style in rows:
        table.add_row(Text(name, style=style), count)
    return table


def _health(figures: Figures) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("frame to booking", Text(f"p50 {_ms(figures.p50)}  p99 {_ms(figures.p99)}", style="bold"))
    for consumer, lag in figures.lag.items():
        table.add_row(f"lag of {consumer}", _n(lag))
    for role in figures.roles:
        state = "up" if role.alive and role.healthy else "waiting" if role.alive else "down"
        restarts = f", {role.restarts} restarts" if role.restarts else ""
        table.add_row(f"{role.name} (pid {role.pid})", Text(state + restarts, style="green" if state == "up" else "yellow"))
    return table


def line(figures: Figures, *, elapsed: float) -> str:
    """Return the figures as one plain line."""
    return f"{elapsed:5.0f} s  " + (f"waiting: {figures.trouble}" if figures.trouble else counts(figures))


def counts(figures: Figures) -> str:
    """Return what was counted, in the order of the way of data."""
    return (
        f"venue settled {figures.venue_settled}, frames {figures.frames}, published {figures.published}, "
        f"duplicates dropped {figures.duplicates}, settled {figures.settled}, booked {figures.booked}, archived {figures.archived}, "
        f"lag {sum(figures.lag.values())}, frame to booking p50 {_ms(figures.p50)} p99 {_ms(figures.p99)}"
    )


def _n(count: int) -> str:
    return f"{count:,}"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
