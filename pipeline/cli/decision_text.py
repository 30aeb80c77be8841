"""A decision as a person reads it in a terminal, before approving it.

Promise: everything of what is shown stands in the text, whole, whatever the width; what is no printable character is written as
an escape before anything is folded, so that no rule's or engine's text can move the cursor or hide something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.printable import printable

Shown = Mapping[str, Any]

_HEAD = ("venue", "intent_id", "round", "quote_id", "requested_at", "decide_by", "decided_by", "decided_at", "policy", "refers_to")
_TAIL = ("request_id", "context_sha256", "approvers_needed", "expires_at")
_FIRST = ("decision_id", "verdict", "question")
NAME_WIDTH = 30
"""Wider than every name of ours but those of counters."""
CELL_MAX = 27
"""Characters of a quote's column where the terminal is too narrow for all of them unfolded: a time with microseconds."""
_ORDER = ("REJECT", "REFER", "WAIT", "PASS", "NOT_APPLICABLE")
"""What speaks against comes first."""


def lines_of(shown: Shown, *, width: int) -> Iterator[str]:
    """Yield what is shown of a decision, line by line."""
    yield f"{_line(shown['verdict'])}  {_line(shown['question'])}  decision {_line(shown['decision_id'])}"
    yield from _fields({name: shown[name] for name in _HEAD if name in shown})
    for title in ("order", "quotes", "rates", "compliance", "rules", "counters"):
        found = shown.get(title)
        if found:
            yield ""
            yield title
            yield from _section(title, found, width, chosen=shown.get("quote_id"))
    known = {*_FIRST, *_HEAD, *_TAIL, "order", "quotes", "rates", "compliance", "rules", "counters"}
    rest = {name: shown[name] for name in (*_TAIL, *sorted(shown.keys() - known)) if name in shown}
    if rest:
        yield ""
        yield from _fields(rest)


def _section(title: str, found: Any, width: int, *, chosen: str | None) -> Iterator[str]:
    match title:
        case "quotes":
            yield from side_by_side(found, width=width, chosen=chosen)
            yield f"  {'* is the one that an approval co-signs' if chosen else 'no quote is named: an approval would co-sign none of them'}"
        case "rules":
            for rule in sorted(found, key=lambda rule: _ORDER.index(rule["verdict"]) if rule["verdict"] in _ORDER else 0):
                yield from rule_lines(rule)
        case "rates":
            for rate in found:
                yield f"  {'; '.join(f'{name} {_line(value)}' for name, value in rate.items())}"
        case _:
            yield from _fields(found)


def _fields(found: Shown) -> Iterator[str]:
    for name, value in found.items():
        label = _line(name)  # what is counted for parties has names longer than the column: its number must not run into them
        yield f"  {label:{NAME_WIDTH}}{_text(value)}" if len(label) < NAME_WIDTH else f"  {label}: {_text(value)}"


def side_by_side(quotes: Sequence[Shown], *, width: int, chosen: str | None = None) -> Iterator[str]:
    """Yield quotes as columns, as many beside one another as the width holds; what is long is folded, nothing is cut."""
    names = list(dict.fromkeys(name for quote in quotes for name in quote))
    columns = [[_cell(name, quote, chosen) for name in names] for quote in quotes]
    room = width - max(len(_line(name)) for name in names) - 4
    each = max(len(cell) for column in columns for cell in column) + 2
    if each * len(columns) > room:
        each = min(each, CELL_MAX + 2)
    beside = max(room // each, 1)
    for begin in range(0, len(columns), beside):
        if begin:
            yield ""
        for number, name in enumerate(names):
            folded = [fold(column[number], each - 2) for column in columns[begin : begin + beside]]
            for line in range(max(map(len, folded))):
                cells = "".join(f"{cell[line] if line < len(cell) else '':{each}}" for cell in folded)
                yield f"  {'' if line else _line(name):{width - room - 2}}{cells}".rstrip()


def fold(text: str, width: int) -> list[str]:
    """Return a text in pieces of at most `width` characters, parted after a dash where one is near; together they are the text."""
    pieces = []
    while len(text) > width:
        dash = text.rfind("-", width // 2, width)
        cut = width if dash < 0 else dash + 1
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _cell(name: str, quote: Shown, chosen: str | None) -> str:
    text = _text(quote[name]) if name in quote else "-"
    return f"{text} *" if name == "quote_id" and chosen is not None and quote.get(name) == chosen else text


def rule_lines(rule: Shown) -> Iterator[str]:
    """Yield what one rule said: the verdict in front, its sentence, what it observed against which limit, its inputs."""
    yield f"  {_line(rule['verdict']):15}{_line(rule['name'])} ({_line(rule['check'])})"
    yield f"{'':17}{_line(rule['explanation'])}"
    said = [f"{name} {_line(rule[name])}" for name in ("observed", "limit") if rule.get(name) is not None]
    if said:
        yield f"{'':17}{', '.join(said)}"
    for name, value in rule.get("inputs", {}).items():
        yield f"{'':17}{_line(name)}: {_line(value)}"


def differences_text(differences: Sequence[tuple[str, Any, Any]]) -> Iterator[str]:
    """Yield what has changed, one line each."""
    for path, before, after in differences:
        yield f"  {_line(path)}: {'nothing' if before is None else _text(before)} -> {'nothing' if after is None else _text(after)}"


def _line(value: Any) -> str:
    return printable(str(value))


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{_line(name)} {_text(inner)}" for name, inner in value.items())
        case list() | tuple():
            return ", ".join(_text(inner) for inner in value)
        case _:
            return _line(value)


def referral_told(referral: Mapping[str, Any]) -> str:
    """Tell what became of a referral; what people approved and a rule stopped is not said to be refused by people."""
    counted = f"{len(referral['approved_by'])} of {referral['approvers_needed']}"
    match referral["state"]:
        case "pending":
            return f"waits for people: {counted} approved, until {referral['expires_at']}"
        case "expired":
            return f"people did not decide in time: {counted} approved by {referral['expires_at']}"
        case "superseded" if "reason" in referral:
            return f"waits for people no more: {referral['reason']}, {counted} approved"
        case "superseded":
            return f"overtaken while it waited for people: the question was asked anew, {counted} approved"
        case "agreed":
            return f"people agreed on it ({counted} approved); the answer is not made yet"
        case "refused" if "rejected_by" not in referral:
            return f"people refused it ({counted} approved)"
    stopped = "".join(f"; REJECT by {name}" for name in referral.get("rejected_by", ()))
    return f"people approved it ({counted}){stopped}"
