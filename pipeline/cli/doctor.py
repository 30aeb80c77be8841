"""`custodian doctor`: tries every connection, moves nothing, and says per line what to do; exit 1 on a finding."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.context import settings, settings_file, signed_in
from pipeline.cli.output import Column, Format, formats, show, write
from pipeline.cli.run import ROLES
from pipeline.domain.accepting import REQUESTS_PER_ORDER
from pipeline.errors import PipelineError, ServiceAwayError
from pipeline.secret_files import is_open

if TYPE_CHECKING:
    from pipeline.kafka import TopicState
    from pipeline.settings import Connection as Section
    from pipeline.settings import RoleName, Settings, TlsConnection, Venue
    from pipeline.stores.postgres import Connection
    from pipeline.tls import Peer

COLUMNS = (
    Column(field="result", rank=0),
    Column(field="check", rank=0),
    Column(field="found", rank=1),
    Column(field="do", rank=0),
)
SKEW_MAX = 5.0
"""Seconds between clocks that do no harm: the venue's validity times are compared with ours, minus a margin of seconds."""
ENDS_WITHIN = timedelta(days=14)
"""A certificate that ends so soon is a finding: somebody has to renew it."""
DISK_MIN = 1 << 30
"""Bytes that have to be free for the archive's folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """One check: well, a finding with what to do, or something that this login does not see."""

    check: str
    found: str
    do: str | None = None
    seen: bool = field(default=True, kw_only=True)

    @property
    def result(self) -> str:
        """Return how it came out, in a word."""
        if self.do is not None:
            return "finding"
        return "ok" if self.seen else "not seen"

    @property
    def row(self) -> dict[str, str | None]:
        """Return the line as it is listed."""
        return {"result": self.result, "check": self.check, "found": self.found, "do": self.do}


@click.command()
@formats
@click.option("--role", type=click.Choice(ROLES), help="Connect as this role does, where only its secrets are at hand.")
def doctor(form: Format, role: RoleName | None) -> None:
    """Try every connection and move nothing: settings, Kafka, PostgreSQL, each venue and provider of rates, folders, ports."""
    loaded = settings(role=role)
    lines = list(checks(loaded, role))
    if form == "table":
        for line in lines:
            mark = "FINDING" if line.do is not None else "ok" if line.seen else "?"
            write(f"{mark:<7} {line.check:<22} {line.found}")
            if line.do:
                write(f"{'':30} -> {line.do}")
    else:
        show([line.row for line in lines], form, columns=COLUMNS)
    if any(line.do for line in lines):
        sys.exit(1)


def checks(loaded: Settings, role: RoleName | None = None) -> Iterator[Line]:
    """Yield the outcome of every check, as a role where one is named; one that fails stops none of the others."""
    from pipeline.stores.role_logins import settings_of

    file = settings_file()
    yield Line("settings", f"{file}" if file else "no file: defaults and environment")
    yield from _secrets(loaded)
    yield from _logins(loaded)
    if role is None:
        loaded = settings_of(loaded, "cli")
    if loaded.mode.failpoints:
        found = "true: whoever sets CUSTODIAN_FAILPOINT chooses where roles are killed, also while accepting is live"
        yield Line("mode.failpoints", found, "remove it: it is for the settings of tests")
    yield from _guarded("risk.policy_file", lambda: _policy(loaded))
    yield from _guarded("Kafka TLS", lambda: brokers(loaded))
    yield from _guarded("Kafka", lambda: _kafka(loaded, role))
    yield from _guarded("PostgreSQL", lambda: _postgres(loaded, role))
    for name, venue in loaded.venues.items() if role in (None, "ingest", "commands") else ():
        yield from _guarded(f"venue {name}", lambda name=name, venue=venue: asyncio.run(_venue(loaded, name, venue)))  # type: ignore[misc]
    if not loaded.venues:
        yield Line("venues", "there is none", "write a section [venues.NAME]")
    for name in loaded.rates:
        yield from _guarded(f"rates {name}", lambda name=name: asyncio.run(_rates(loaded, name)))  # type: ignore[misc]
    yield from _guarded("archive.folder", lambda: [_disk(loaded.archive.folder)])
    yield from _guarded("metrics.listen", lambda: [_port(loaded)])


def _guarded(check: str, run: Callable[[], list[Line]]) -> list[Line]:
    from pipeline.observability.redaction import redact

    try:
        return run()
    except PipelineError as error:
        found, _, do = str(error).partition("; ")
        return [Line(check, redact(found), redact(do) or "look at what it says, then run doctor again")]


def _role_secrets(loaded: Settings) -> dict[str, Path | None]:
    """Return the files of roles' passwords that are at hand here, and that of who runs this."""
    found = {f"postgres.roles.{role}.password_file": loaded.postgres.password_file_of(role) for role in ROLES}
    found |= {f"kafka.roles.{name}.password_file": section.password_file for name, section in loaded.kafka.roles.items()}
    return {key: file for key, file in found.items() if key == "kafka.roles.cli.password_file" or _is_here(file)}


def _secrets(loaded: Settings) -> Iterator[Line]:
    files = {"kafka.password_file": loaded.kafka.password_file}
    files |= {f"postgres.{key}": getattr(loaded.postgres, key) for key in ("password_file", "key_file")}
    files |= _role_secrets(loaded)
    for name, venue in loaded.venues.items():
        files[f"venues.{name}.key_file"] = venue.key_file
        for key in ("client_secret_file", "token_file", "private_key_file", "key_file"):
            files[f"venues.{name}.auth.{key}"] = getattr(venue.auth, key)
    files |= {f"rates.{name}.key_file": provider.key_file for name, provider in loaded.rates.items()}
    for key, file in files.items():
        if file is None:
            continue
        if not file.is_file():
            yield Line(key, f"{file} is missing", "write the secret into that file")
        elif is_open(file):
            yield Line(key, f"{file} can be read or written by others", f"chmod 600 {file}, or 640 with a group of this user")


def _is_here(file: Path | None) -> bool:
    """Tell whether a secret of some role is here: in a pod nobody has that of another one."""
    return file is not None and file.is_file()


def _secured(check: str, peer: Peer | None, section: Section) -> Line:
    """Say who answered over TLS and until when its certificate holds; without TLS, why that is so."""
    from pipeline.clock import SystemClock

    if peer is None:
        return Line(check, "no TLS, as insecure = true says" if section.insecure else "no TLS on loopback")
    if peer.ends_at is None:
        return Line(check, f"{peer.version}, nobody checks with whom")
    late = peer.ends_at - SystemClock().now() < ENDS_WITHIN
    return Line(check, f"{peer.version} with {peer.name}, until {peer.ends_at:%Y-%m-%d %H:%M} UTC", "have it renewed" if late else None)


def _greeted(check: str, section: Section, look: Callable[[], Peer | None]) -> Line:
    """Look at a server whose client's library does not tell about its TLS."""
    try:
        return _secured(check, look(), section)
    except OSError as error:
        return Line(check, f"{error}", "look at the server's certificate, and whom the settings believe")


def _policy(loaded: Settings) -> list[Line]:
    from pipeline.wiring import policy_of, trust_of

    if loaded.risk.engine == "external":
        keys = ", ".join(sorted(trust_of(loaded).keys or ()))
        return [Line("policy", f"not ours: somebody else answers decision-requested, and signs by one of the keys {keys}")]
    policy = policy_of(loaded)
    if loaded.risk.policy_file is None:
        return [Line("policy", "none beside the settings: every question waits for people")]
    if not policy.rules:
        return [Line("policy", f"{policy.name}, version {policy.version}, no rules: every question waits for people")]
    return [Line("policy", f"{policy.name}, version {policy.version}, {len(policy.rules)} rules; accepting is {loaded.mode.accepting}")]


def _kafka(loaded: Settings, role: RoleName | None) -> list[Line]:
    from pipeline.kafka import TopicAdmin
    from pipeline.log.topic_guard import unfit
    from pipeline.log.topics import ALL

    admin = TopicAdmin(loaded.kafka)
    cluster = admin.check_connection(timeout=5)
    lines = [Line("Kafka", f"answers at {loaded.kafka.bootstrap_servers} (cluster {cluster})")]
    names = [kind.topic(loaded.kafka.topic_prefix) for kind in ALL]
    states = admin.describe(names)
    missing = [name for name in names if name not in states]
    other = [state for state in states.values() if state.partitions != loaded.kafka.partitions]
    if missing:
        lines.append(Line("topics", f"{len(missing)} of {len(names)} are missing", "run `custodian init`"))
    elif other:
        found = f"{other[0].name} has {other[0].partitions} partitions, kafka.partitions is {loaded.kafka.partitions}"
        lines.append(Line("topics", found, f"write kafka.partitions = {other[0].partitions}"))
    else:
        lines.append(Line("topics", f"all {len(names)} with {loaded.kafka.partitions} partitions"))
    configs = admin.configs(list(states))
    wrong = [said for name in sorted(configs) if (said := unfit(name, configs[name], replicas=states[name].replicas)) is not None]
    for said in wrong:
        found, _, do = said.partition("; ")
        lines.append(Line("topic settings", found, do))
    if configs and not wrong:
        lines.append(Line("topic settings", "kept by time, not compacted, records large enough"))
    elif states and not configs:
        do = "grant DescribeConfigs on the topics, or look yourself: cleanup.policy=delete, retention.ms of a day or more"
        return [*lines, Line("topic settings", "not seen by this login", do if role is None else None, seen=False)]  # no role has to
    return [*lines, *_durability(loaded, states, configs, len(admin.brokers(timeout=5)))]


def _durability(loaded: Settings, states: Mapping[str, TopicState], configs: Mapping[str, Mapping[str, str]], brokers: int) -> list[Line]:
    """Say what is lost with one broker."""
    from pipeline.supervisor.preparation import durability, fragile_topics

    wanted = durability(loaded.kafka, brokers=brokers)
    states = {name: state for name, state in states.items() if name in configs}
    found = fragile_topics(loaded.kafka, states, configs, brokers=brokers)
    lines = [Line("topic durability", *said.split("; ", 1)) for said in found]
    if states and not found:
        alone = "; what its one disk loses is lost" if brokers == 1 else ""
        said = f"{wanted.replicas} of {brokers} brokers have a record, {wanted.insync} before it is acknowledged, for "
        lines.append(Line("topic durability", f"{said}{wanted.retention_ms // 3_600_000} h{alone}"))
    return lines


def _logins(loaded: Settings) -> Iterator[Line]:
    """Try the login of each role that has one of its own and whose password is here."""
    from pipeline.kafka import TopicAdmin

    for role in loaded.kafka.roles:

        def tried(role: str = role) -> list[Line]:
            kafka = loaded.kafka.of_role(role)
            login = kafka.client.get("sasl.username", "its certificate")
            by_password = "sasl.username" in kafka.client and "sasl.password" not in kafka.client
            if role != "cli" and by_password and not _is_here(kafka.password_file):
                return [Line(f"Kafka as {role}", f"{login} is not tried: its password is not here")]
            TopicAdmin(kafka).check_connection(timeout=5)
            return [Line(f"Kafka as {role}", f"{login} is let in")]

        yield from _guarded(f"Kafka as {role}", tried)


def brokers(loaded: Settings) -> list[Line]:
    """Greet every broker that the settings name or that answers: librdkafka says of a certificate only that it does not believe it."""
    from pipeline.kafka import TopicAdmin
    from pipeline.tls import kafka_context, look
    from pipeline.transport import brokers_of

    section = loaded.kafka
    if not str(section.client.get("security.protocol", "")).upper().endswith("SSL"):
        return [_secured("Kafka TLS", None, section)]
    places, context = set(brokers_of(section.bootstrap_servers)), kafka_context(section.client)
    with suppress(ServiceAwayError):
        places |= set(TopicAdmin(section).brokers(timeout=5))
    return [
        _greeted(f"Kafka TLS {host}:{port}", section, lambda host=host, port=port: look(host, port, context, timeout=5))  # type: ignore[misc]
        for host, port in sorted(places)
    ]


def _postgres(loaded: Settings, role: RoleName | None) -> list[Line]:
    from pipeline.clock import SystemClock
    from pipeline.stores import inherited, inspection, migrations, people
    from pipeline.stores.postgres import connect, translated, where
    from pipeline.supervisor.preparation import all_migrations

    connection = connect(loaded.postgres, name="doctor", autocommit=True)
    try:
        with translated("looking at the database"):
            about = inspection.about(connection)
            skew = abs((about.now - SystemClock().now()).total_seconds())
            lines = [
                Line("PostgreSQL", f"{about.version} answers at {where(loaded.postgres)}"),
                _greeted("PostgreSQL TLS", loaded.postgres, lambda: inspection.peer(connection, timeout=5)),
            ]
            if skew > SKEW_MAX:
                lines.append(Line("database clock", f"differs from ours by {skew:.1f} s", "let both keep time by NTP"))
            if (fault := inherited.encoding_fault(connection)) is not None:
                lines.append(Line("database encoding", fault, inherited.OF_UTF8))
            pending = migrations.pending(connection, all_migrations())
            if pending:
                return [*lines, Line("migrations", f"{len(pending)} are not applied, first {pending[0].name}", "run `custodian init`")]
            lines.append(Line("migrations", "all applied"))
            lines.append(_rights(connection))
            lines.append(_positions(loaded, connection))
            if role is None:
                lines.append(people_line(people.able(connection), needed=_in_earnest(loaded, connection.info.host)))
            lines.append(_standby(inspection.synchronous_standby(connection), needed=_in_earnest(loaded, connection.info.host)))
            if loaded.risk.engine == "builtin" and role in (None, "risk", "commands"):
                lines.append(_policy_in_force(loaded, connection))
    finally:
        connection.close()
    return lines


def _in_earnest(loaded: Settings, host: str) -> bool:
    """Tell whether money moves, and the database is not one to try things with on this machine."""
    from pipeline.transport import is_loopback

    return loaded.mode.accepting == "live" and not (host.startswith("/") or is_loopback(host))


def people_line(able: Mapping[str, int], *, needed: bool) -> Line:
    """Say how many people there are for what takes two of them; too few are a finding where they are needed."""
    from pipeline.stores.people import AGREEING

    found = f"{able['approve']} may approve, {able['operate']} end halts"
    lacking = [may for may in ("approve", "operate") if able[may] < AGREEING]
    rights = "".join(f" --may {may}" for may in lacking)
    return Line("people", found, f"custodian people add LOGIN{rights}: each takes {AGREEING} people" if lacking and needed else None)


def _rights(connection: Connection) -> Line:
    from pipeline.stores import grants

    found = grants.differences(connection) + [f"{login} cannot log in" for login in grants.without_login(connection)]
    if found:
        return Line("rights", f"{len(found)} are otherwise than of this release, first: {found[0]}", "run `custodian init`")
    if grants.makes_large_objects(connection):
        return Line("rights", f"as of this release; every login can make large objects: as a superuser, {grants.CLOSE_LARGE_OBJECTS}")
    return Line("rights", "each role is a login of its own and may do what it has to, and no more")


def _standby(standby: str | None, *, needed: bool) -> Line:
    if standby is not None:
        return Line("standby", f"commits wait for {standby}")
    found = "none that commits wait for: a server that takes over can lack the last of them, and then accepting is halted"
    return Line("standby", found, "name a standby in synchronous_standby_names of PostgreSQL" if needed else None)


def _policy_in_force(loaded: Settings, connection: Connection) -> Line:
    from pipeline.stores import policies
    from pipeline.wiring import policy_of

    check, found, filed = "policy in force", policies.in_force(connection), policy_of(loaded)
    if found is None:
        return Line(check, "none was ever activated: every proposal waits for a person", "run `custodian init`" if filed.rules else None)
    said = f"{found.name}, version {found.version}, since {found.at:%Y-%m-%d %H:%M} UTC by {' and '.join(found.agreed_by) or 'init'}"
    if filed.sha256 != found.sha256 and loaded.risk.policy_file is not None:
        said += f"; {loaded.risk.policy_file} holds other bytes, which count when two people activate them (`custodian policy activate`)"
    return Line(check, said)


def _positions(loaded: Settings, connection: Connection) -> Line:
    from pipeline.kafka import TopicAdmin
    from pipeline.stores import positions
    from pipeline.supervisor.preparation import CONSUMERS, refuse_replaced

    prefix, missing = loaded.kafka.topic_prefix, 0
    try:
        admin = TopicAdmin(loaded.kafka)
        admin.check_connection(timeout=2)
        for consumer, kinds in CONSUMERS.items():
            states = admin.describe([kind.topic(prefix) for kind in kinds])
            refuse_replaced(connection, consumer, list(states.values()))
            held = positions.of_consumer(connection, consumer)
            wanted = [(kind.topic(prefix), number) for kind in kinds for number in range(loaded.kafka.partitions)]
            missing += sum(partition not in held for partition in wanted)
    except ServiceAwayError:
        return Line("positions", "not compared with the topics: Kafka is away", "see Kafka")
    if missing:
        return Line("positions", f"{missing} are missing", "run `custodian init`")
    return Line("positions", "stored for every consumer and partition, of these topics")


class _KnownPins:
    """What venues took us for at first, looked up and never pinned: doctor moves nothing (a `PartyPins` of the ports)."""

    def __init__(self, loaded: Settings) -> None:
        self._postgres = signed_in(loaded.postgres)  # the venue's connector pins in a thread of its own

    def pin(self, venue: str, party: str) -> str:
        """Return the pinned party; `party` where there is none, or no database to ask, which has a line of its own."""
        from pipeline.stores import venue_parties
        from pipeline.stores.postgres import opened

        with suppress(PipelineError), opened(self._postgres, name="doctor", doing="looking for the pinned party") as connection:
            return venue_parties.pinned(connection, venue) or party
        return party


async def _venue(loaded: Settings, name: str, venue: Venue) -> list[Line]:
    from connectors.registry import venue_connector
    from connectors.transports.probe import look
    from connectors.transports.rest import TokenBucket
    from connectors.transports.trust import trust_of
    from pipeline.clock import SystemClock
    from pipeline.ports import SchemaVersionError
    from pipeline.wiring import chance

    clock = SystemClock()
    health = await look(f"{venue.base_url}/health", timeout=venue.http_timeout, verify=trust_of(venue, f"venues.{name}"))
    if health.status is None:
        found = f"{venue.base_url} does not answer ({health.failure})"
        return [Line(f"venue {name}", found, f"start it, or correct base_url or ca_file of venues.{name}")]
    if not 200 <= health.status < 300:
        return [Line(f"venue {name}", f"/health answers with status {health.status}", "ask the venue, or correct base_url")]
    lines = [Line(f"venue {name}", f"answers at {venue.base_url}"), _secured(f"venue {name} TLS", health.peer, venue)]
    if venue.auth.token_url is not None:
        lines.append(
            await _looked_at(f"venue {name} token TLS", venue.auth, f"venues.{name}.auth", venue.auth.token_url, venue.http_timeout)
        )
    if health.venue_time is not None:
        skew = (health.venue_time - clock.now()).total_seconds()
        do = "let this machine keep time by NTP, or ask the venue" if abs(skew) > SKEW_MAX else None
        lines.append(Line(f"venue {name} clock", f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours", do))
    lines.append(capacity(name, venue.requests_per_second))
    budget = TokenBucket(venue.requests_per_second, venue.request_burst, clock)
    connector = venue_connector(name, venue, clock=clock, random=chance(), budget=budget, pins=_KnownPins(loaded))
    try:
        async with asyncio.timeout(venue.http_timeout * 2):
            party = await connector.check_identity()
        do = f"one of us? then list it in venues.{name}.own_parties beside the others" if party not in connector.own_parties else None
        lines.append(Line(f"venue {name} identity", f"schema v2, takes us for {party}", do))
    except SchemaVersionError as error:
        do = "use a release that speaks it, or a v2 backend; nothing of this venue would be booked"
        lines.append(Line(f"venue {name} schema", f"answers with {error.found} instead of schema version v2", do))
    except TimeoutError:
        lines.append(Line(f"venue {name} identity", "no answer about who we are", "look at the venue's token endpoint and whoami"))
    except PipelineError as error:
        lines += _guarded(f"venue {name} token", lambda error=error: _raise(error))  # type: ignore[misc]
    finally:
        await connector.aclose()
    return lines


async def _looked_at(check: str, section: TlsConnection, key: str, url: str, timeout: float) -> Line:
    from connectors.transports.probe import look
    from connectors.transports.trust import trust_of

    seen = await look(url, timeout=timeout, verify=trust_of(section, key))
    if seen.failure is not None:
        return Line(check, f"no answer ({seen.failure})", f"start it, or correct the address or ca_file of {key}")
    return _secured(check, seen.peer, section)


def capacity(name: str, requests_per_second: float) -> Line:
    """Say how many orders a venue's request cap lets us accept; nothing to find fault with."""
    orders = requests_per_second / REQUESTS_PER_ORDER
    found = f"{requests_per_second:g} requests/s: some {orders:.2g} orders/s can be accepted ({REQUESTS_PER_ORDER} requests each)"
    return Line(f"venue {name} capacity", found)


def _raise(error: Exception) -> list[Line]:
    raise error


async def _rates(loaded: Settings, name: str) -> list[Line]:
    section = loaded.rates[name]
    lines = (
        [] if section.url is None else [await _looked_at(f"rates {name} TLS", section, f"rates.{name}", section.url, section.http_timeout)]
    )
    return [await _rates_read(loaded, name), *lines]


async def _rates_read(loaded: Settings, name: str) -> Line:
    from connectors.registry import rate_providers
    from pipeline.clock import SystemClock
    from pipeline.errors import RetryableError
    from pipeline.ports import Unreadable

    (provider,) = rate_providers({name: loaded.rates[name]}, clock=SystemClock())
    try:
        reading = await provider.read()
    except RetryableError as error:
        return Line(f"rates {name}", str(error), f"start the provider, or correct rates.{name}")
    finally:
        await provider.aclose()
    if isinstance(reading.seen, Unreadable):
        return Line(
            f"rates {name}", f"the document cannot be read: {reading.seen.reason}", "ask the provider; `dead-letters list` has the bytes"
        )
    age = max(((reading.received_at - rate.quoted_at).total_seconds() for rate in reading.seen), default=0.0)
    return Line(f"rates {name}", f"{len(reading.seen)} pairs, the oldest rate is {age:.0f} s old")


def _disk(folder: Path) -> Line:
    there = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
    free = shutil.disk_usage(there).free
    found = f"{folder}: {free / (1 << 30):.1f} GiB free"
    if not os.access(there, os.W_OK):
        # A pod has no place to write, and needs none: the archive of this release is in PostgreSQL alone.
        return Line("archive.folder", f"{folder}: this user may not write there, and nothing is written there in this release")
    return Line("archive.folder", found, "make room" if free < DISK_MIN else None)


def _port(loaded: Settings) -> Line:
    from pipeline.observability.listener import check_free

    if loaded.metrics.listen.endswith(":0"):
        return Line("metrics.listen", f"{loaded.metrics.listen}: a free port for each process")
    try:
        check_free(loaded.metrics.listen)
    except ServiceAwayError:
        ours = _who_listens(loaded)
        if ours is None:
            raise
        return Line("metrics.listen", f"{loaded.metrics.listen} is that of {ours}, which runs")
    return Line("metrics.listen", f"{loaded.metrics.listen} is free")


def _who_listens(loaded: Settings) -> str | None:
    """Return the role of this installation that runs on this host and has the port of the metrics; None for a stranger's program."""
    from pipeline.cli.people import FRESH
    from pipeline.stores import roles
    from pipeline.stores.postgres import connect, translated

    port = int(loaded.metrics.listen.rpartition(":")[2])
    with connect(loaded.postgres, name="doctor", autocommit=True) as connection, translated("looking who runs"):
        beats = [seen.heartbeat for seen in roles.seen(connection) if seen.age <= FRESH]
    return next((f"the role {beat.role}" for beat in beats if (beat.host, beat.metrics_port) == (socket.gethostname(), port)), None)
