"""`custodian init`: topics, database and positions; safe to repeat."""

from __future__ import annotations

import sys

import click

from pipeline.cli.context import settings
from pipeline.printable import printable


@click.command()
@click.option("--print-sql", is_flag=True, help="Print what an administrator has to run where this user may not; change nothing.")
@click.option(
    "--print-acls", is_flag=True, help="Print what each role has to be allowed in Kafka, as commands of its tool; change nothing."
)
def init(print_sql: bool, print_acls: bool) -> None:
    """Make the topics, prepare the database, let each role log in as itself, store where each consumer begins."""
    from pipeline.supervisor.preparation import prepare, prepared_by_hand

    if print_acls:
        from pipeline.supervisor.acls import grants

        loaded = settings(role=None)
        click.echo("# admin.properties: how kafka-acls.sh logs in as somebody who may grant")
        for each in grants(loaded):
            click.echo(each.command(loaded.kafka.bootstrap_servers))
        return
    if print_sql:
        script, known = prepared_by_hand(settings(role="init"))
        sys.stdout.write(script + "\n")
        for line in known:
            click.echo(f"WARNING    {printable(line)}", err=True)
        return
    prepared = prepare(settings(role="init"))
    for name in prepared.topics:
        click.echo(f"topic      {name}")
    for name in prepared.migrations:
        click.echo(f"migration  {name}")
    if prepared.migrations:
        click.echo(f"owner      {prepared.owner} owns what is in the database; who ran this acts as it")
    for name in prepared.secrets:
        click.echo(f"secret     {name}")
    for name in prepared.logins:
        click.echo(f"login      {name}")
    if prepared.positions:
        click.echo(f"positions  {prepared.positions}")
    if prepared.policy:
        click.echo("policy     the file's is active, as the first one; `custodian policy list` shows it")
    for said in prepared.fragile:
        click.echo(f"WARNING    {said}", err=True)
    for name in prepared.without_login:
        click.echo(f"login      {name} cannot log in yet: give it a secret, or the output of --print-sql to who may make logins")
    if not (prepared.without_login or prepared.logins or prepared.topics or prepared.migrations or prepared.positions or prepared.policy):
        click.echo("nothing to do: topics, database and positions are there")
    if prepared.nobody_may:
        rights = "".join(f" --may {may}" for may in prepared.nobody_may)
        click.echo(
            f"next: custodian people add LOGIN{rights}, for two people at least: nobody may {' or '.join(prepared.nobody_may)}", err=True
        )
