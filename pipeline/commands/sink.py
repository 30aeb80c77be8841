"""The step "commands" of the batch loop: records of `command-issued` become rows of the journal, in the transaction of the position.

A command that is written a second time changes nothing. A second command for an intent and kind whose first one is open is written down
as refused, answered with `command-completed` and raised as an alarm. Nothing is sent here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from pipeline.commands.command import Order
from pipeline.commands.events import second_command
from pipeline.commands.ports import Writer
from pipeline.domain.accepting import CO_SIGN_QUOTE
from pipeline.domain.identifiers import intent_id, opaque, quote_id
from pipeline.domain.money import parse_amount
from pipeline.errors import PoisonRecordError
from pipeline.log import topics
from pipeline.log.codec import decode
from pipeline.log.envelope import Outgoing, Record, header, parse_time
from pipeline.log.topics import EventType
from pipeline.ports import Refusal, Transaction, Written
from schemas.accepting import CommandIssued


def order_of(record: Record) -> Order:
    """Read a `command-issued`; raise PoisonRecordError when it cannot be carried out by anybody."""
    issued = decode(record.value, CommandIssued)
    if issued.kind == CO_SIGN_QUOTE and (issued.quote_id is None or issued.fx_rate is None):
        raise PoisonRecordError("a co-signature without quote_id or fx_rate")
    if issued.kind != CO_SIGN_QUOTE and issued.quote_id is not None:
        raise PoisonRecordError("the accept of a proposal that names a quote")

    def amount(text: str | None, name: str) -> Decimal | None:
        return None if text is None else parse_amount(text, name)

    return Order(
        command_id=opaque(issued.command_id, "command_id"),
        venue=opaque(issued.venue, "venue"),
        intent_id=intent_id(issued.intent_id),
        kind=issued.kind,
        quote_id=quote_id(issued.quote_id) if issued.quote_id is not None else None,
        decision_id=opaque(issued.decision_id, "decision_id"),
        shadow=issued.mode == "shadow",
        not_after=parse_time(issued.not_after, "not_after"),
        source_currency=opaque(issued.source_currency, "source_currency"),
        target_currency=opaque(issued.target_currency, "target_currency"),
        target_amount=parse_amount(issued.target_amount, "target_amount"),
        source_amount_max=amount(issued.source_amount_max, "source_amount_max"),
        fx_rate=amount(issued.fx_rate, "fx_rate"),
        issued_at=parse_time(issued.issued_at, "issued_at"),
        causation_id=header(record.headers, "ce_id"),
    )


class CommandSink:
    """Journals commands (a `Sink` of the ports)."""

    consumer = "commands"
    kinds: Sequence[EventType] = (topics.COMMAND_ISSUED,)

    def __init__(self, writer: Writer, *, wake: Callable[[], None] = lambda: None) -> None:
        """`wake` is called after a commit: there may be something to send."""
        self._writer, self._wake = writer, wake

    def write(self, transaction: Transaction, records: Sequence[Record], now: datetime) -> Written:
        """Journal a batch; the same record twice has the effect of one."""
        refused: list[Refusal] = []
        raised: list[Outgoing] = []
        counts: Counter[str] = Counter()
        for record in records:
            try:
                order = order_of(record)
            except PoisonRecordError as error:
                refused.append(Refusal(record=record, reason=error.reason))
                continue
            became = self._writer(transaction, order, now)
            counts[became] += 1
            if became == "refused":
                raised.append(second_command(order, now))
        return Written(refused=refused, raised=raised, counts=dict(counts), after_commit=lambda _: self._wake())
