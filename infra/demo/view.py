"""Draws the figures: a live screen of 80 by 24 on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from infra.demo.figures import Figures
from pipeline.printable import printable

WAY = "venue ─SSE/REST→ ingest ─Kafka→ settlement, workflow, risk ─→ books, archive"
SPOKEN, NEWS = 3, 1
"""Lines for the officer and for the supervisor, so that all of it fits 24 lines."""
ROLES = (("ingest", "settlement", "workflow", "risk"), ("commands", "ledger", "archive"))
Row = tuple[str, str, str]


def screen(
    figures: Figures, *, elapsed: float, seconds: float, mode: str = "live", spoken: list[str] | None = None, news: list[str] | None = None
) -> RenderableType:
    """Return the live screen."""
    clock = f"{elapsed:.0f} s" + (f" of {seconds:.0f} s" if seconds else ", ctrl-C ends it")
    lines = [_one_line(text, "bold") for text in (spoken or [])[-SPOKEN:]]
    if figures.trouble:
        lines.append(_one_line(f"waiting: {figures.trouble}", "yellow"))
    lines += [_one_line(text, "dim") for text in (news or [])[-NEWS:]]
    parts: list[RenderableType] = [
        Text(WAY, style="dim", no_wrap=True, overflow="ellipsis"),
        _side_by_side(_flow(figures), _accepting(figures, mode)),
        *_roles(figures),
        _lag(figures),
        *(_one_line(text, _style_of(text)) for text in figures.accepting.latest),
        *lines,
    ]
    return Panel(Group(*parts), title=f"custodian settlement pipeline, accepting {mode}", subtitle=clock, padding=(0, 1))


def _one_line(text: str, style: str) -> Text:
    """Return what somebody wrote as one line, cut where the screen ends."""
    return Text(printable(text), style=style, no_wrap=True, overflow="ellipsis")


def _side_by_side(left: list[Row], right: list[Row]) -> Table:
    table = Table.grid(padding=(0, 1))
    for justify in ("left", "right", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)
    for one, other in zip(left, right, strict=True):
        cells = [
            Text(one[0], style=one[2]),
            Text(one[1], style="bold"),
            Text("  " + other[0], style=other[2]),
            Text(other[1], style="bold"),
        ]
        table.add_row(*cells)
    return table


def _flow(figures: Figures) -> list[Row]:
    wrong = figures.venue_faults
    return [
        ("settled at the venue", _n(figures.venue_settled), "cyan"),
        ("frames repeated, dropped", f"{_n(wrong.get('duplicate', 0))}, {_n(wrong.get('drop', 0))}", "dim"),
        ("frames seen", _n(figures.frames), ""),
        ("published to Kafka", _n(figures.published), ""),
        ("duplicates dropped", _n(figures.duplicates), "yellow"),
        ("settled once, booked", f"{_n(figures.settled)}, {_n(figures.booked)}", "green"),
        ("archived records", _n(figures.archived), "green"),
        ("alarms, dead letters", f"{_n(figures.alarms)}, {_n(figures.dead_letters)}", "yellow" if figures.alarms else "dim"),
        ("frame to booking p50 p99", _pair(figures.p50, figures.p99), ""),
    ]


def _accepting(figures: Figures, mode: str) -> list[Row]:
    seen, would = figures.accepting, "would be " if mode == "shadow" else ""
    return [
        ("proposals that need us", _n(seen.proposals), "cyan"),
        (f"{would}accepted", _n(seen.accepted), "green"),
        (f"{would}co-signed", _n(seen.co_signed), "green"),
        ("rejected by the policy", _n(seen.rejected), "red" if seen.rejected else "dim"),
        ("referred to people", _n(seen.referred), "yellow" if seen.referred else "dim"),
        ("  approved", _n(seen.approved), ""),
        ("  refused", _n(seen.refused), ""),
        ("  lapsed", _n(seen.lapsed), ""),
        ("seen to call p50 p99", _pair(seen.p50, seen.p99), ""),
    ]


def _roles(figures: Figures) -> list[Text]:
    """Return two lines of roles in the order of the way of data, each with its pid: `kill -9` is a part of the demo."""
    found = {role.name: role for role in figures.roles}
    lines = []
    for names in ROLES:
        text = Text(no_wrap=True, overflow="ellipsis")
        for role in (found[name] for name in names if name in found):
            state = "" if role.alive and role.healthy else " waiting" if role.alive else " down"
            restarts = f" ↻{role.restarts}" if role.restarts else ""
            text.append(f"{role.name} {role.pid}{state}{restarts}   ", style="yellow" if state else "green")
        lines.append(text)
    return lines


def _lag(figures: Figures) -> Text:
    behind = ", ".join(f"{consumer} {_n(lag)}" for consumer, lag in figures.lag.items() if lag)
    return Text(f"lag: {behind or 'none'}", style="" if behind else "dim", no_wrap=True, overflow="ellipsis")


def _style_of(decision: str) -> str:
    return next((style for word, style in (("ACCEPT", "green"), ("REJECT", "red"), ("REFER", "yellow")) if f" {word}" in decision), "")


def line(figures: Figures, *, elapsed: float) -> str:
    """Return the figures as one plain line."""
    return f"{elapsed:5.0f} s  " + (printable(f"waiting: {figures.trouble}") if figures.trouble else counts(figures))


def counts(figures: Figures) -> str:
    """Return what was counted, in the order of the way of data."""
    return (
        f"venue settled {figures.venue_settled}, frames {figures.frames}, published {figures.published}, "
        f"duplicates dropped {figures.duplicates}, settled {figures.settled}, booked {figures.booked}, archived {figures.archived}, "
        f"lag {sum(figures.lag.values())}, frame to booking p50 {_ms(figures.p50)} p99 {_ms(figures.p99)}; {accepting_counts(figures)}"
    )


def accepting_counts(figures: Figures) -> str:
    """Return what was counted of accepting."""
    seen = figures.accepting
    return (
        f"proposals {seen.proposals}, accepted {seen.accepted}, co-signed {seen.co_signed}, rejected {seen.rejected}, "
        f"referred {seen.referred} (approved {seen.approved}, refused {seen.refused}, lapsed {seen.lapsed}), "
        f"seen to call p50 {_ms(seen.p50)} p99 {_ms(seen.p99)}"
    )


def _n(count: int) -> str:
    return f"{count:,}"


def _pair(p50: float | None, p99: float | None) -> str:
    """Write two times in a narrow column."""
    if p50 is None or p99 is None:
        return "–"
    return f"{p50 * 1000:.0f}, {p99 * 1000:.0f} ms" if p99 < 1 else f"{p50:.1f}, {p99:.1f} s"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
