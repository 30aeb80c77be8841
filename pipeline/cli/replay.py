"""`custodian replay`: today's code over recorded records, and what it does otherwise than the live run did."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.context import database, settings
from pipeline.cli.output import Column, Format, listing, show
from pipeline.cli.progress import Bar
from pipeline.cli.times import Time

if TYPE_CHECKING:
    from pipeline.log.envelope import Record
    from pipeline.replay.comparison import Comparison, Published, Window
    from pipeline.replay.lives import AnyProcessor
    from pipeline.replay.run import Replay
    from pipeline.settings import Settings
    from pipeline.stores.postgres import Connection

TAIL = timedelta(seconds=10)
"""The archive sequences within seconds: of its last ones it may have a record and not yet what was published for it."""
IGNORED = "not compared: times of deciding to the second, traces, which of several records came last"
BATCH = 500
"""Keys that are stored in one transaction."""

DIFFERENCES = (
    Column(field="kind", rank=3),
    Column(field="difference", rank=0),
    Column(field="of", value=lambda row: row["of"].removeprefix("custody.").removesuffix(".v1"), rank=0),
    Column(field="count", rank=0, right=True),
    Column(field="intent_id", rank=0),
    Column(field="fields", rank=1),
    Column(field="at", rank=2),
    Column(field="ce_id", rank=4, ends=True),
    Column(field="venue", rank=5),
    Column(field="event", rank=6),
)


@click.command()
@click.option("--processor", "name", required=True, metavar="NAME", help="settlement or workflow.")
@click.option("--from", "since", type=Time(), metavar="TIME", help="Compare from then on; what came before is run all the same.")
@click.option("--to", "until", type=Time(), metavar="TIME", help="Run and compare what came before then; else all but the last seconds.")
@click.option("--venue", help="One venue's orders.")
@click.option("--intent", help="An intent id.")
@click.option("--into", "schema", metavar="SCHEMA", help="A new schema for outputs and states; else replay_NAME, made anew each time.")
@click.option("--replace", is_flag=True, help="Drop the schema first, when an earlier replay made it.")
@listing
def replay(
    name: str,
    since: datetime | None,
    until: datetime | None,
    venue: str | None,
    intent: str | None,
    schema: str | None,
    replace: bool,
    form: Format,
    limit: int | None,
) -> None:
    """Run today's code and settings over what the archive recorded, and show by intent what would have been published otherwise.

    Nothing is sent, and nothing live is written: events and states go to a schema of their own. Missing: the live run published it and
    today's code does not; new: the other way round; differs: the same event with other fields; repeated: emitted more often; later: by
    more than a second. Exit 1 when there is any.

    `--limit` bounds the lines of differences, not the counts. In the formats other than table, lines "decided" count what today's code
    made of the records.
    """
    loaded = settings()
    processor = _processor(loaded, name)
    if since is not None and until is not None and since >= until:
        raise click.UsageError(f"--from {since.isoformat()} is not before --to {until.isoformat()}")
    with database(loaded, name="replay") as shadow, database(loaded, name="replay-reads") as reader:
        again = _Again(loaded, processor, reader, shadow, schema or f"replay_{name}", since, until, venue, intent)
        _make(shadow, again.schema, replace=replace or schema is None)
        again.run(form, limit)


def _processor(loaded: Settings, name: str) -> AnyProcessor:
    from pipeline.topology import PROCESSORS

    if name == "risk":
        raise click.UsageError(
            "risk decides by counters that the live run fills, so it cannot be run apart from it; "
            "`custodian policy replay --policy FILE` decides its recorded questions again"
        )
    if name not in PROCESSORS:
        raise click.UsageError(f"there is no processor {name!r}; write settlement or workflow")
    return PROCESSORS[name](loaded)


def _make(connection: Connection, schema: str, *, replace: bool) -> None:
    from pipeline.stores import replays
    from pipeline.stores.shadow import ShadowNameError

    try:
        replays.make(connection, schema, replace=replace)
    except ShadowNameError as error:
        raise click.UsageError(str(error)) from None


@dataclass(slots=True)
class _Again:
    """One replay: where it reads, where it writes, and what is asked of it."""

    loaded: Settings
    processor: AnyProcessor
    reader: Connection
    shadow: Connection
    schema: str
    since: datetime | None
    until: datetime | None
    venue: str | None
    intent: str | None
    altered: int = 0
    beyond: int = 0

    def run(self, form: Format, limit: int | None) -> None:
        """Run, compare, show; exit with 1 when something differs."""
        from pipeline.replay.comparison import Comparison, pairs
        from pipeline.stores import replays
        from pipeline.stores.session import snapshot

        with snapshot(self.reader):
            window, replayed = self._bounds()
            self._live_again(replayed)
            comparison = Comparison(window, replayed.readings.is_left_over)
            with replays.outputs(self.shadow, self.schema) as outputs:

                def lines() -> Iterator[Mapping[str, Any]]:
                    found = comparison.lines(pairs(self._published(), map(_output, outputs)))
                    yield from islice(found, limit)
                    for _ in found:
                        pass  # counted all the same
                    yield from comparison.totals()
                    if form != "table":
                        yield from ({"kind": "decided", "of": name, "count": count} for name, count in sorted(replayed.counts.items()))

                show(lines(), form, columns=DIFFERENCES)
        self._conclude(replayed, comparison)

    @property
    def _key(self) -> bytes | None:
        return None if self.intent is None else self.intent.encode()

    def _topics(self, of: str) -> list[str]:
        kinds = self.processor.consumes if of == "consumes" else self.processor.emits
        return [kind.topic(self.loaded.kafka.topic_prefix) for kind in kinds]

    def _bounds(self) -> tuple[Window, Replay]:
        """Return what is compared, and a replay that ends where the record does."""
        from connectors.sinks.compliance_archive import reads
        from pipeline.replay.comparison import Window
        from pipeline.replay.readings import Readings
        from pipeline.replay.run import Replay
        from pipeline.stores import readings
        from pipeline.stores.belief import doubts_by
        from pipeline.wiring import trust_of

        newest = reads.newest(self.reader, [*self._topics("consumes"), *self._topics("emits")])
        if newest is None:
            raise click.UsageError("the archive holds none of this processor's records; there is nothing to run again")
        until = self.until or newest + timedelta(microseconds=1)
        complete_until = None if self.until is not None else newest - TAIL
        window = Window(since=self.since, until=self.until, complete_until=complete_until, venue=self.venue)
        recorded = Readings(readings.of_processor(self.reader, self.processor.name))
        doubts = partial(doubts_by(trust_of(self.loaded)), self.reader)
        judged_until = complete_until or until
        return window, Replay(self.processor, recorded, until=until, judged_until=judged_until, venue=self.venue, doubts=doubts)

    def _live_again(self, replayed: Replay) -> None:
        """Run the records, and store what comes of them."""
        from connectors.sinks.compliance_archive import reads
        from pipeline.stores import replays

        archived = reads.sequenced_until(self.reader, self._topics("consumes"))
        self.beyond = sum(max(0, end - self._done[partition]) for partition, end in archived.items() if partition in self._done)
        with Bar("replaying") as progress:
            lives = replayed.lives(self._records(), self._published())
            while batch := list(islice(lives, BATCH)):
                outputs = [emitted for life in batch for emitted in life.emitted]
                replays.write(self.shadow, self.schema, outputs, [kept for life in batch for kept in life.states.items()])
                progress(replayed.records, sum(archived.values()))

    @property
    def _done(self) -> Mapping[tuple[str, int, int], int]:
        from pipeline.stores import positions

        return positions.of_every_epoch(self.reader, self.processor.name)

    def _records(self) -> Iterator[tuple[Record, datetime]]:
        """Yield what the live processor has done, key by key; count what was altered since it was archived."""
        from connectors.sinks.compliance_archive import reads

        self.altered = 0
        for one in reads.by_key(self.reader, self._topics("consumes"), ends=self._done, key=self._key, until=self.until):
            self.altered += not one.intact
            yield one.record, one.at

    def _published(self) -> Iterator[Published]:
        """Yield what the live processor published, in the order of key, type and id."""
        from connectors.sinks.compliance_archive import reads
        from pipeline.replay.comparison import published_by

        for event in reads.published(self.reader, self._topics("emits"), key=self._key):
            found = published_by(self.processor.source, *event)
            if found is not None:
                yield found

    def _conclude(self, replayed: Replay, comparison: Comparison) -> None:
        """Say what came of it and exit with 1 when it is a finding."""
        from pipeline.replay.comparison import EXPLAINED, IDENTICAL

        differing = f"{comparison.differences} differences in {comparison.intents} intents"
        say = [
            f"{self.schema}: {self.processor.name} over {replayed.records} records of {replayed.keys} intents",
            f"{comparison.of(IDENTICAL)} events identical, {differing}; {IGNORED}",
            *(f"{count} {why}" for verdict, why in EXPLAINED.items() if (count := comparison.of(verdict))),
        ]
        if replayed.unrecorded:
            say.append(f"of {replayed.unrecorded} intents an earlier release did not record when it did what: in the order of time stamps")
        if self.beyond:
            say.append(f"{self.beyond} archived records are beyond the position of the live {self.processor.name}: not run")
        if self.altered:
            say.append(f"{self.altered} archived records do not have the digest that was stored with them; run `custodian archive verify`")
        for line in say:
            click.echo(line, err=True)
        if comparison.differences or self.altered:
            sys.exit(1)


def _output(output: Any) -> Published:
    """Return an event of the shadow schema as it is compared."""
    from pipeline.replay.comparison import Published, comparable, read

    document = read(output.document.encode())
    attributes = {"ce_source": output.source, "ce_subject": output.subject, "ce_correlationid": output.correlation_id}
    return Published(
        key=output.key,
        ce_type=output.ce_type,
        ce_id=output.ce_id,
        decided=(output.at,),
        times=output.times,
        copies=[comparable(output.ce_type, document, attributes)],
        document=document,
    )
