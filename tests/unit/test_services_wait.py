"""A service that is away is waited for; a login that is refused for a while is a fault of settings."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from itertools import chain, repeat

import pytest

from infra.embedded.children import ServiceStartError, in_time
from pipeline.errors import KafkaRefusesLoginError, PipelineError, ServiceAwayError, SettingsError
from pipeline.settings import Settings
from pipeline.supervisor import services

REFUSED = KafkaRefusesLoginError("kafka.roles.risk.client: the login custodian-risk is refused")
AWAY = ServiceAwayError("Kafka does not answer")


class Clock:
    """A clock that goes on by half a second with every look at it."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        self.now += 0.5
        return self.now


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Give the wait with a PostgreSQL that answers and a Kafka that fails as told, without pauses."""

    def waited(fails: list[PipelineError], *, at_last: PipelineError | None, within: float | None = None) -> bool:
        left = chain(fails, repeat(at_last))

        def ask(_: Settings) -> None:
            if (error := next(left)) is not None:
                raise error

        monkeypatch.setattr(services, "_postgres", lambda _: None)
        monkeypatch.setattr(services, "_kafka", ask)
        monkeypatch.setattr(services, "PAUSE", 0)
        return services.wait_for_services(Settings(), within=within, stop=threading.Event(), monotonic=Clock(), note=lambda _: None)

    return waited


@pytest.mark.parametrize("within", [None, 30.0])
def test_a_login_that_stays_refused_is_a_fault_of_settings(wait: Callable[..., bool], within: float | None) -> None:
    """Also where a role would wait for Kafka for ever: nobody mends a password by waiting."""
    with pytest.raises(SettingsError, match=r"kafka\.roles\.risk"):
        wait([], at_last=REFUSED, within=within)


def test_a_login_that_a_new_broker_does_not_know_yet_is_waited_for(wait: Callable[..., bool]) -> None:
    """Refused, away, and refused again is no login that is wrong; once it is let in, all is well."""
    assert wait([REFUSED] * 3 + [AWAY] * 9 + [REFUSED] * 3, at_last=None)


def test_a_service_that_is_away_has_its_time(wait: Callable[..., bool]) -> None:
    """That is 69, not 78."""
    with pytest.raises(ServiceAwayError, match=r"does not answer \(waited 3 s\)"):
        wait([], at_last=AWAY, within=3.0)


def test_a_program_that_a_busy_machine_does_not_finish_is_a_service_that_is_not_ready() -> None:
    """`dev up` says so and what to do, and ends with 69: it is no fault of this program."""
    with pytest.raises(ServiceStartError, match=r"PostgreSQL is not ready within 30 s: initdb .* try again"), in_time("PostgreSQL", 30.0):
        raise subprocess.TimeoutExpired(["/some/where/initdb", "-D", "data"], 30.0)
