"""kill -9 of the broker, of PostgreSQL, of everything at once; SIGTERM and restart; workers that join and leave."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.auditor import audit, until_quiet
from tests.rig import PARTITIONS, UNRULY, Rig
from tests.services import PrivateServices
from tests.waiting import eventually

MakeRig = Callable[..., Rig]
AWAY = 69
"""What `up` ends with when no service has answered for 30 s."""


def test_kills_of_the_broker_of_postgresql_and_of_everything(private_rig: MakeRig, private_services: PrivateServices) -> None:
    """After kill -9 of the broker, of PostgreSQL and of all roles at once, and after SIGTERM, nothing is lost or doubled."""
    rig = private_rig(seed=21, rate=12, faults=UNRULY)
    up = rig.up()
    rig.books_grow(within=60)
    private_services.kafka.kill()
    private_services.kafka.start()
    rig.books_grow(within=60)
    private_services.postgres.kill()
    private_services.postgres.start()
    rig.books_grow(within=60)
    up.kill_all()
    up = rig.up()
    rig.books_grow(within=60)
    assert up.end() == 0
    up = rig.up()
    rig.traffic()
    until_quiet(rig, within=90)
    audit(rig)
    assert up.end() == 0


@pytest.mark.faults_long
@pytest.mark.parametrize("seed", [31, 32])
def test_seven_blows_in_a_row(private_rig: MakeRig, private_services: PrivateServices, seed: int) -> None:
    """Services and roles killed one after the other, some while others are still coming back, lose and double nothing."""
    rig = private_rig(seed=seed, rate=15, faults=UNRULY)
    up = rig.up()
    rig.books_grow(within=60)
    private_services.kafka.kill()
    up.kill_role("settlement")
    private_services.kafka.start()
    private_services.postgres.kill()
    private_services.postgres.start()
    up.kill_role("ledger")
    rig.books_grow(within=90)
    private_services.postgres.kill()
    private_services.kafka.kill()
    private_services.kafka.start()
    private_services.postgres.start()
    up.kill_role("archive")
    rig.books_grow(within=90)
    up.kill_all()
    private_services.kafka.kill()
    private_services.kafka.start()
    up = rig.up()
    rig.books_grow(within=90)
    rig.traffic()
    until_quiet(rig, within=120)
    audit(rig)
    rig.custodian("archive", "verify")
    assert up.end() == 0


@pytest.mark.faults_long
@pytest.mark.timeout(600)
def test_both_services_killed_at_once_again_and_again(private_rig: MakeRig, private_services: PrivateServices) -> None:
    """PostgreSQL and the broker killed together, six times over: booking goes on within a minute, nothing is lost or doubled."""
    rig = private_rig(seed=28, rate=10, faults=UNRULY)
    up = rig.up()
    rig.connected()
    rig.books_grow(within=60)
    for _ in range(6):
        private_services.postgres.kill()
        private_services.kafka.kill()
        private_services.kafka.start()
        private_services.postgres.start()
        rig.books_grow(within=60)
    rig.traffic(10)
    until_quiet(rig)
    audit(rig)
    assert up.end() == 0


@pytest.mark.faults_long
def test_sigterm_while_the_services_are_away_ends_in_time_and_the_next_start_waits_for_them(
    private_rig: MakeRig, private_services: PrivateServices
) -> None:
    """`up` ends within 30 s of SIGTERM although Kafka and PostgreSQL are gone; started before they are back, it waits for them."""
    rig = private_rig(seed=25, rate=15, faults=UNRULY)
    up = rig.up()
    rig.connected()
    rig.books_grow(within=60)
    private_services.kafka.kill()
    private_services.postgres.kill()
    up.end()
    ups = [rig.start_up()]
    waiting = ("is away", "waiting", "not reach", "refused")
    eventually(lambda: any(word in ups[0].log.read_text() for word in waiting), within=30, what="up says what it waits for")
    private_services.postgres.start()
    private_services.kafka.start()

    def listening() -> bool:
        # A busy machine may take more than the 30 s that `up` waits: started again, as systemd would.
        if (ended := ups[-1].process.poll()) is not None:
            assert ended == AWAY
            ups.append(rig.start_up())
        return rig.stream_open()

    eventually(listening, within=60, what="ingest listens again")
    rig.traffic(20)
    until_quiet(rig)
    audit(rig)
    assert ups[-1].end() == 0


def members(rig: Rig) -> int:
    """Return how many workers share the settlement group, counted by the broker."""
    group = f"{rig.topic_prefix}settlement"
    admin = AdminClient({"bootstrap.servers": rig.bootstrap_servers})
    try:
        return len(admin.describe_consumer_groups([group])[group].result(5).members)
    except (KafkaException, TimeoutError):  # the broker itself does not know the group yet
        return 0


def test_three_workers_joining_and_leaving(make_rig: MakeRig) -> None:
    """Two settlement workers join the one of `up`; one leaves by SIGTERM, one by kill -9, then the first; nothing is lost or doubled."""
    rig = make_rig(seed=22, rate=20, faults=UNRULY)
    up = rig.up()
    second, third = rig.start("run", "settlement"), rig.start("run", "settlement")
    eventually(lambda: members(rig) == PARTITIONS, within=60, what="three workers share the group")
    rig.books_grow()
    assert second.end() == 0
    rig.books_grow()
    third.process.send_signal(signal.SIGKILL)
    rig.books_grow()
    up.kill_role("settlement")
    rig.books_grow()
    rig.traffic()
    until_quiet(rig)
    audit(rig)
    assert up.end() == 0
    assert up.deaths() == [("settlement", -signal.SIGKILL)]


@pytest.mark.faults_long
def test_a_second_up_shares_the_work_and_takes_the_lease_over(make_rig: MakeRig) -> None:
    """Two supervisors on the same settings book once; when the one that speaks for the venue is killed, the other does within 10 s."""
    rig = make_rig(seed=23, rate=15, faults=UNRULY)
    first = rig.up()
    rig.connected()
    owner = rig.value("SELECT owner FROM custodian.leases")
    second = rig.up()
    eventually(lambda: members(rig) == 2, within=60, what="two workers share the group")
    rig.books_grow()
    assert rig.value("SELECT owner FROM custodian.leases") == owner, "the lease stays where it is while its holder lives"
    first.kill_all()
    eventually(lambda: rig.value("SELECT owner FROM custodian.leases") != owner, within=10, what="the second ingestor takes over")
    rig.connected()
    rig.books_grow()
    rig.traffic()
    until_quiet(rig)
    audit(rig)
    assert second.end() == 0
    assert not second.deaths()


@pytest.mark.faults_long
@pytest.mark.parametrize("seed", [26, 27])
def test_owners_that_stand_still_and_come_back_write_nothing_twice(make_rig: MakeRig, seed: int) -> None:
    """Every role of one `up` frozen until another has taken its work over, then let go again, twice over: nothing is lost or doubled."""
    rig = make_rig(seed=seed, rate=15, faults=UNRULY)
    first = rig.up()
    rig.connected()
    rig.books_grow()
    second = rig.up()
    eventually(lambda: members(rig) == 2, within=60, what="two workers share the group")
    for frozen in (first, second):
        rig.books_grow()
        pids = frozen.pids().values()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        eventually(lambda: members(rig) == 1, within=30, what="the group misses the frozen worker")
        rig.books_grow(within=60)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: members(rig) == 2, within=60, what="the worker that came back joins again")
    rig.traffic(20)
    until_quiet(rig)
    audit(rig)
    rig.custodian("archive", "verify")
    assert first.end() == 0
    assert second.end() == 0
