"""Who consumes what is written down in two places: where positions are prepared, and at the consumer itself."""

from __future__ import annotations

from connectors.sinks.accounting_ledger.adapter import AccountingLedger
from connectors.sinks.compliance_archive.adapter import ComplianceArchive
from pipeline.commands.sink import CommandSink
from pipeline.decisions.sink import DecisionSink
from pipeline.settings import Settings
from pipeline.supervisor.preparation import CONSUMERS
from pipeline.topology import PROCESSORS
from pipeline.wiring import PROGRAMS, consumers_of


def test_positions_are_prepared_for_exactly_what_each_consumer_reads() -> None:
    """Every processor and sink has positions for its topics and no others."""
    reading = {name: make(Settings()).consumes for name, make in PROCESSORS.items()}
    reading |= {sink.consumer: tuple(sink.kinds) for sink in (AccountingLedger, ComplianceArchive, CommandSink, DecisionSink)}
    assert {consumer: set(kinds) for consumer, kinds in CONSUMERS.items()} == {name: set(kinds) for name, kinds in reading.items()}


def test_every_role_names_the_consumers_that_it_runs() -> None:
    """What `status` adds up as a role's lag are positions that there are, each under one role."""
    named = [consumer for role in PROGRAMS for consumer in consumers_of(role)]
    assert sorted(named) == sorted(CONSUMERS)
