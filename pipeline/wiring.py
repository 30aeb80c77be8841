"""Puts the parts of each role together: the inside gets its outside here, and nowhere else.

A program is a function of its surroundings that runs until `stop` is set and returns an exit code. What a role does not need is not
imported: the sinks do not load Faust, and only ingest loads HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import metrics
from pipeline.clock import Clock
from pipeline.errors import RetryableError, SettingsError
from pipeline.observability.health import Health
from pipeline.ports import Failpoints, Sink, VenueConnector
from pipeline.settings import Settings
from pipeline.stores.postgres import Connection
from schemas.accepting import DecisionMade, DecisionRequested

if TYPE_CHECKING:
    from pipeline.commands.executor import Executor
    from pipeline.engines.health import Health as EngineHealth
    from pipeline.engines.step import Settle
    from pipeline.policy.file import Policy
    from pipeline.stores.agreed import Answering
    from pipeline.stores.belief import Trust
    from pipeline.stores.policies import PolicyInForce
    from pipeline.stores.request_budget import PostgresRequestBudget
    from pipeline.stores.venue_parties import PostgresPartyPins


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every role is given."""

    settings: Settings
    instance: str
    clock: Clock
    failpoints: Failpoints
    stop: threading.Event
    health: Health
    look: Callable[[Connection], None]
    """Looks whether the database has gone back, in a run of the server that nobody has looked at."""
    on_exit: Callable[[], None] = lambda: None
    """What a role calls that ends its process in good order by itself: it takes the heartbeat's row away."""

    def connector(self, name: str, *, autocommit: bool = True, session: Mapping[str, str] | None = None) -> Callable[[], Connection]:
        """Return what opens a connection to PostgreSQL under a name of this role."""

        def connect_() -> Connection:
            from pipeline.stores.postgres import connect

            return connect(self.settings.postgres, name=name, autocommit=autocommit, session=session)

        return connect_


log = logging.getLogger(__name__)

Program = Callable[[Surroundings], int]

ARCHIVE_LINGER = 0.1
"""Seconds that the archive lets records gather: nobody waits for it, and ten commits a second leave the disk to those who book."""


QUOTE_GATHER_SHARE = 0.5
"""The list of quotes is read when so much of the window in which they are collected is over: once for all that came, and in time for it."""


def ingest(given: Surroundings) -> int:
    """Run the ingest of every venue of the settings."""
    asyncio.run(_ingest(given))
    return 0


async def _ingest(given: Surroundings) -> None:
    from connectors.registry import rate_providers
    from pipeline.ingest.run import IngestHealth, run_ingest
    from pipeline.ingest.venue import Limits
    from pipeline.kafka import EventProducer
    from pipeline.stores.accepted import PostgresAccepted
    from pipeline.stores.cursors import PostgresIngestStore

    board = IngestHealth()
    given.health.watch("venues", lambda: board.waiting_for or None)
    connectors = [venue(given.settings, name, given.clock) for name in given.settings.venues]
    publisher = EventProducer(given.settings.kafka)
    given.health.started()
    try:
        await run_ingest(
            connectors,
            publisher,
            lambda name: PostgresIngestStore(given.connector(f"ingest-{name}")),
            given.clock,
            chance(),
            given.failpoints,
            _asyncio_event(given.stop),
            owner=given.instance,
            health=board,
            limits=Limits(quote_gather=given.settings.workflow.quote_window * QUOTE_GATHER_SHARE),
            rates=rate_providers(given.settings.rates, clock=given.clock),
            accepted=lambda name: PostgresAccepted(given.connector(f"ingest-{name}"), name),
        )
    finally:
        publisher.close()


def _asyncio_event(stop: threading.Event) -> asyncio.Event:
    """Return an event of the running loop that follows one of threads."""
    event = asyncio.Event()

    async def follow() -> None:
        while not stop.is_set():
            await asyncio.sleep(0.05)
        event.set()

    _followers.add(asyncio.get_running_loop().create_task(follow(), name="stop"))
    return event


_followers: set[asyncio.Task[None]] = set()
"""Tasks that nobody else holds on to."""


def chance() -> Callable[[], float]:
    """Return what draws numbers in [0, 1) for jitter: nothing secret depends on it."""
    return random.Random().random  # noqa: S311


def venue(settings: Settings, name: str, clock: Clock) -> VenueConnector:
    """Return the connector of a venue, whose requests count towards the cap that all processes share; raise SettingsError."""
    from connectors.registry import venue_connector

    pins = _pins(settings)
    return venue_connector(name, settings.venues[name], clock=clock, random=chance(), budget=_budget(settings, name, clock), pins=pins)


def _pins(settings: Settings) -> PostgresPartyPins:
    from pipeline.stores.postgres import connect
    from pipeline.stores.venue_parties import PostgresPartyPins

    return PostgresPartyPins(partial(connect, settings.postgres, name="parties", autocommit=True))


def _budget(settings: Settings, name: str, clock: Clock, *, accepting: bool = False) -> PostgresRequestBudget:
    from pipeline.stores.postgres import connect
    from pipeline.stores.request_budget import FORGETFUL, PostgresRequestBudget

    section = settings.venues[name]
    return PostgresRequestBudget(
        partial(connect, settings.postgres, name=f"budget-{name}", autocommit=True, session=FORGETFUL),
        name,
        rate=section.requests_per_second,
        burst=section.request_burst,
        clock=clock,
        accepting=accepting,
    )


def settlement(given: Surroundings) -> int:
    """Run the settlement processor on the engine of the settings."""
    return _process(given, "settlement")


def workflow(given: Surroundings) -> int:
    """Run the workflow processor on the engine of the settings; in live, what was only decided in shadow is woken at the start."""
    if given.settings.mode.accepting == "shadow":
        return _process(given, "workflow")
    with _beside(given, shadow=lambda: _leave_shadow(given)):
        return _process(given, "workflow")


def _leave_shadow(given: Surroundings) -> None:
    """Wake the orders whose commands were left out in shadow, once PostgreSQL answers: nothing else would remind the workflow of them."""
    from pipeline.stores import states
    from pipeline.stores.session import Session

    session, woken = Session(given.connector("workflow")), False
    while not woken and not given.stop.is_set():
        try:
            with session.use("waking what was left out in shadow") as connection:
                states.wake_shadowed(connection, given.clock.now())
                woken = True
        except RetryableError as error:
            log.info("what was left out in shadow waits: %s", error)
            given.stop.wait(1.0)
    session.close()


def risk(given: Surroundings) -> int:
    """Run the built-in risk engine by the policy in force; raise SettingsError."""
    from pipeline.processors.risk.settle import settle
    from pipeline.stores.exposures import PostgresExposures

    in_force = _in_force(given, note=True)
    return _process(
        given,
        "risk",
        settle=lambda connection, events: settle(in_force.engine(connection), PostgresExposures(connection), events, given.clock.now),
    )


def _in_force(given: Surroundings, *, note: bool = False) -> PolicyInForce:
    """Return the policy in force; with `note`, logs and metrics tell which one that is."""
    from pipeline.stores.policies import PolicyInForce

    def told(policy: Policy) -> None:
        metrics.policy(name=policy.name, version=policy.version, sha256=policy.sha256)
        log.info("deciding by policy %s, version %d", policy.name, policy.version, extra={"sha256": policy.sha256})

    return PolicyInForce(given.settings.currencies.scales(), note=told if note else lambda _: None)


def policy_of(settings: Settings) -> Policy:
    """Return the policy of the settings' file, or the one without rules where there is none; raise SettingsError naming what is wrong."""
    from pipeline.policy.file import NO_POLICY, read

    return NO_POLICY if settings.risk.policy_file is None else read(settings.risk.policy_file)


def trust_of(settings: Settings) -> Trust:
    """Return whose answers are believed by these settings; raise SettingsError for a file of an engine's key that holds none."""
    from pipeline.log.signatures import public_key
    from pipeline.stores.belief import BUILT_IN, Trust

    if settings.risk.engine == "builtin":
        return BUILT_IN
    keys = {}
    for key_id, file in settings.risk.key_files().items():
        try:
            keys[key_id] = public_key(file.read_bytes())
        except (OSError, ValueError) as error:
            reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
            raise SettingsError(
                f"risk.engine_keys: {file}: {reason}; write the public half of a pair there that `custodian engine-key new` made"
            ) from None
    return Trust(keys=keys, answers_referrals=settings.risk.engine_answers_referrals)


def _process(given: Surroundings, name: str, *, settle: Settle[Any] | None = None) -> int:
    """Run a processor on the engine of the settings until the stop."""
    from pipeline.kafka import EventProducer
    from pipeline.log.topics import DECISION_MADE
    from pipeline.stores.belief import doubts_by
    from pipeline.topology import PROCESSORS

    processor = PROCESSORS[name](given.settings)

    def on_health(said: EngineHealth) -> None:
        if said.healthy:
            given.health.available("engine")
        else:
            given.health.unavailable("engine", said.note)

    given.health.unavailable("engine", "joining its group")
    given.health.started()
    return engine_of(given.settings)(
        processor,
        settings=given.settings,
        connect=given.connector(name),
        publisher=EventProducer(given.settings.kafka),
        clock=given.clock,
        failpoints=given.failpoints,
        stop=given.stop,
        on_health=on_health,
        on_exit=given.on_exit,
        settle=settle,
        doubts=doubts_by(trust_of(given.settings)) if DECISION_MADE in processor.consumes else None,
    )


def engine_of(settings: Settings) -> Callable[..., int]:
    """Return the engine that the settings name; both are called alike and keep the same promise."""
    if settings.engine.kind == "librdkafka":
        from pipeline.engines.librdkafka import run_librdkafka

        return run_librdkafka
    from pipeline.engines.faust import run_faust

    return run_faust


SWITCH_SECONDS = 0.0005
"""How long a thread of `commands` may keep the interpreter from the others. Every system call of the loop that talks to the venue gives it
away; with Python's 5 ms each came back that much later while another loop of the role was at work, and a request makes some ten."""


def commands(given: Surroundings) -> int:
    """Run the command executor; beside it the loops that journal commands, keep decisions, and answer what people agreed on."""
    from pipeline.commands.sink import CommandSink
    from pipeline.decisions.sink import DecisionSink
    from pipeline.stores import journal
    from pipeline.stores.decisions import PostgresDecisions

    sys.setswitchinterval(SWITCH_SECONDS)
    trust = trust_of(given.settings)
    executor = _executor(given, trust)
    given.health.watch("executor", lambda: executor.health.reason if executor.health else None)
    answering = _answering(given)
    given.health.watch("answers to referrals", lambda: answering.reason)
    with _beside(
        given,
        agreed=lambda: answering.run(given.stop),
        journal=lambda: _deliver(given, CommandSink(journal.write, wake=executor.wake)),
        decisions=lambda: _deliver(given, DecisionSink(PostgresDecisions(trust), referral_expires=given.settings.risk.referral_expires)),
    ):
        asyncio.run(_execute(executor, given.stop))
    return 0


def _answering(given: Surroundings) -> Answering:
    from pipeline.stores.agreed import Answering
    from pipeline.stores.batches import LIMITS
    from pipeline.stores.session import Session

    session = Session(given.connector("agreed", session=LIMITS))
    builtin = given.settings.risk.engine == "builtin"
    engine_of = _in_force(given).engine if builtin else lambda _: None
    return Answering(session=session, engine_of=engine_of, clock=given.clock, failpoints=given.failpoints)


async def _execute(executor: Executor, stop: threading.Event) -> None:
    await executor.run(_asyncio_event(stop))


def _executor(given: Surroundings, trust: Trust) -> Executor:
    from connectors.registry import venue_commands
    from pipeline.commands.executor import Executor
    from pipeline.kafka import EventProducer
    from pipeline.stores import outbox
    from pipeline.stores.journal import PostgresJournal
    from pipeline.stores.request_budget import ACCEPT_SHARE
    from pipeline.stores.session import Session

    settings = given.settings
    publisher = EventProducer(settings.kafka)
    of_people, aside = Session(given.connector("outbox")), set[str]()

    def publish_what_people_did() -> int:
        with of_people.use("publishing what people did") as connection:
            return outbox.publish(connection, publisher.publish, aside=aside)

    return Executor(
        venues=[
            venue_commands(
                name,
                section,
                clock=given.clock,
                random=chance(),
                budget=_budget(settings, name, given.clock, accepting=True),
                pins=_pins(settings),
            )
            for name, section in settings.venues.items()
        ],
        journal=PostgresJournal(given.connector("commands"), trust=trust, look=given.look),
        publisher=publisher,
        clock=given.clock,
        failpoints=given.failpoints,
        owner=given.instance,
        accepting=settings.mode.accepting,
        paces={name: section.requests_per_second * ACCEPT_SHARE for name, section in settings.venues.items()},
        lapsed=_lapsed(given),
        quote_margin=timedelta(seconds=settings.workflow.quote_margin),
        also_publish=publish_what_people_did,
    )


def _lapsed(given: Surroundings) -> Callable[[DecisionRequested, DecisionMade, datetime], Sequence[str]]:
    """Return what asks the policy in force again right before a call; an external engine's rules are its own."""
    from pipeline.stores.session import Session

    if given.settings.risk.engine == "external":
        return lambda *_: ()
    in_force, session = _in_force(given), Session(given.connector("policy"))

    def lapsed(request: DecisionRequested, decision: DecisionMade, now: datetime) -> Sequence[str]:
        with session.use("reading the policy in force") as connection:
            engine = in_force.engine(connection)
        return engine.lapsed(request, decision, now)

    return lapsed


@contextmanager
def _beside(given: Surroundings, *, until: threading.Event | None = None, **loops: Callable[[], object]) -> Iterator[None]:
    """Run loops in threads of their own until `until` (the role's stop) is set; one that fails ends the role and is raised here."""
    failures: list[BaseException] = []

    def run(loop: Callable[[], object]) -> None:
        try:
            loop()
        except BaseException as error:
            failures.append(error)
            given.stop.set()

    threads = [threading.Thread(target=run, args=(loop,), name=name) for name, loop in loops.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        (until or given.stop).set()
        for thread in threads:
            thread.join()
    for failure in failures:
        raise failure


def ledger(given: Surroundings) -> int:
    """Run the accounting ledger on the batch loop."""
    from connectors.sinks.accounting_ledger.adapter import AccountingLedger
    from connectors.sinks.accounting_ledger.config import LedgerConfig

    return _deliver(given, AccountingLedger(LedgerConfig.from_settings(given.settings)))


def archive(given: Surroundings) -> int:
    """Run the compliance archive on the batch loop; beside it its sequencer, and who looks at what is open."""
    from connectors.sinks.compliance_archive.adapter import ComplianceArchive
    from connectors.sinks.compliance_archive.config import ArchiveConfig
    from connectors.sinks.compliance_archive.open_letters import OpenLetters
    from connectors.sinks.compliance_archive.sequencer import Sequencer
    from pipeline.log.topics import ALARM_RAISED
    from pipeline.stores.batches import LIMITS
    from pipeline.stores.figures import Figures

    delivered = threading.Event()  # the sequencer ends after the loop, so that the last records have their index too
    sequencer = Sequencer(
        connect=given.connector("sequencer", session=LIMITS),
        config=ArchiveConfig(),
        clock=given.clock,
        failpoints=given.failpoints,
        stop=delivered,
    )
    given.health.watch("sequencer", lambda: sequencer.waiting_for)
    waiting = OpenLetters(connect=given.connector("open-letters", session=LIMITS), clock=given.clock, stop=delivered)
    figures = Figures(
        connect=given.connector("figures", session=LIMITS),
        clock=given.clock,
        stop=delivered,
        alarms_topic=ALARM_RAISED.topic(given.settings.kafka.topic_prefix),
    )
    with _beside(given, until=delivered, sequencer=sequencer.run, letters=waiting.run, figures=figures.run):
        _deliver(given, ComplianceArchive(), linger=ARCHIVE_LINGER)
    return 0


def _deliver(given: Surroundings, sink: Sink, *, linger: float = 0.0) -> int:
    """Run a sink on the batch loop until the stop; `linger` is how many seconds a batch waits for company."""
    from pipeline.deliver.delivery import StepDelivery
    from pipeline.deliver.loop import DeliverLoop
    from pipeline.deliver.sink_step import SinkStep
    from pipeline.deliver.trials import Trials
    from pipeline.engines.log_inspection import log_inspection
    from pipeline.kafka import BatchConsumer, EventProducer, TopicAdmin
    from pipeline.stores.batches import LIMITS, BatchStore
    from pipeline.stores.suspects import PostgresSuspects

    kafka = given.settings.kafka
    publisher = EventProducer(kafka)
    store = BatchStore(given.connector(sink.consumer, session=LIMITS), sink.consumer)
    delivery = StepDelivery(SinkStep(sink), store=store, publisher=publisher, clock=given.clock, failpoints=given.failpoints)
    loop = DeliverLoop(
        delivery=Trials(delivery, book=PostgresSuspects(sink.consumer, store.use), publisher=publisher, clock=given.clock),
        open_source=partial(
            BatchConsumer,
            kafka,
            group=f"{kafka.topic_prefix}{sink.consumer}",
            topics=[kind.topic(kafka.topic_prefix) for kind in sink.kinds],
            session_timeout=given.settings.engine.session_timeout,
            instance_id=given.settings.engine.member(sink.consumer),
            linger=linger,
        ),
        topic_reader=TopicAdmin(kafka),
        publisher=publisher,
        clock=given.clock,
        stop=given.stop,
        inspect=log_inspection(kafka),
    )
    given.health.watch(f"{sink.consumer} loop", lambda: loop.health.reason, lambda: loop.health.last_progress)
    given.health.started()
    try:
        loop.run()
    finally:
        publisher.close()
    return 0


PROGRAMS: Mapping[str, Program] = {
    "ingest": ingest,
    "settlement": settlement,
    "workflow": workflow,
    "risk": risk,
    "commands": commands,
    "ledger": ledger,
    "archive": archive,
}
"""The roles of this release."""


def consumers_of(role: str) -> tuple[str, ...]:
    """Return the names that a role's positions are stored under; none when it consumes no topic."""
    return {"ingest": (), "commands": ("commands", "decisions")}.get(role, (role,))
