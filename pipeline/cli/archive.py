"""`custodian archive`: the evidence, and its verification."""

from __future__ import annotations

import sys

import click

from pipeline.cli.context import database, settings
from pipeline.cli.lazy import Group
from pipeline.cli.output import Column, Format, formats, listing, show
from pipeline.cli.progress import Bar

COLUMNS = (
    Column(field="index", right=True, rank=0),
    Column(field="topic", rank=0),
    Column(field="epoch", right=True, rank=4),
    Column(field="partition", title="p", right=True, rank=0),
    Column(field="offset", right=True, rank=0),
    Column(field="subject", rank=1),
    Column(field="sha256", rank=1, ends=True),
    Column(field="recorded_at", rank=2),
    Column(field="ce_id", rank=3, ends=True),
    Column(field="ce_type", rank=4),
    Column(field="body", rank=5, ends=True),
)
FINDINGS = tuple(Column(field=name) for name in ("kind", "index", "topic", "epoch", "partition", "offset", "detail"))


@click.group(cls=Group)
def archive() -> None:
    """Show the evidence and verify it."""


@archive.command()
@listing
@click.option("--topic", help="A topic's whole name, or its name without the prefix.")
@click.option("--subject", help="An intent id, or what else a record is about.")
@click.option("--with-body", is_flag=True, help="Also the record's bytes, in base64.")
def records(form: Format, limit: int | None, topic: str | None, subject: str | None, with_body: bool) -> None:
    """List archived records by index."""
    from connectors.sinks.compliance_archive import reads
    from pipeline.log.topics import ALL

    loaded = settings()
    prefixed = {kind.name: kind.topic(loaded.kafka.topic_prefix) for kind in ALL}
    wanted = None if topic is None else prefixed.get(topic, topic)
    with database(loaded) as connection:
        found = reads.records(connection, topic=wanted, subject=subject, with_body=with_body, limit=limit)
        show(found, form, columns=COLUMNS if with_body else COLUMNS[:-1])


@archive.command()
@formats
def verify(form: Format) -> None:
    """Compute every digest again and look for gaps; exit 1 on a finding."""
    from connectors.sinks.compliance_archive.verify import verify as run

    with database(settings(), name="verify") as connection, Bar("verifying") as progress:
        findings = run(connection, progress=progress)
    show([finding.line() for finding in findings.kept], form, columns=FINDINGS)
    waiting = f", {findings.unsequenced} wait for their index" if findings.unsequenced else ""
    passed = f", {findings.passed} offsets without a record" if findings.passed else ""
    verdict = "sound" if findings.sound else f"{findings.count} findings"
    click.echo(f"{verdict}: {findings.records} records, {findings.leaves} indexed{passed}{waiting}", err=True)
    if not findings.sound:
        sys.exit(1)
