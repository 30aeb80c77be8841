"""Waiting until Kafka and PostgreSQL answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.errors import KafkaRefusesLoginError, ServiceAwayError, SettingsError
from pipeline.settings import Settings

PAUSE = 0.5
REFUSED_FOR = 5.0
"""Seconds after which a login that Kafka refuses is wrong: a broker that has just begun may not know it yet."""


def wait_for_services(
    settings: Settings, *, within: float | None, stop: threading.Event, monotonic: Callable[[], float], note: Callable[[str], None]
) -> bool:
    """Return True once Kafka and PostgreSQL answer, False when `stop` comes first; `within` is in seconds, None waits for ever.

    `note` hears once of each that is away. Raise ServiceAwayError naming the service that does not answer in time, SettingsError when
    PostgreSQL refuses us, or Kafka does for a while.
    """
    deadline = None if within is None else monotonic() + within
    for ask in (_postgres, _kafka):
        noted, refused_since = False, None
        while not stop.is_set():
            try:
                ask(settings)
                break
            except ServiceAwayError as error:
                refused_since = (refused_since or monotonic()) if isinstance(error, KafkaRefusesLoginError) else None
                if refused_since is not None and monotonic() - refused_since >= REFUSED_FOR:
                    raise SettingsError(str(error)) from None
                if deadline is not None and monotonic() >= deadline:
                    raise ServiceAwayError(f"{error} (waited {within:g} s)") from None
                if not noted:
                    note(f"waiting: {error}")
                    noted = True
            stop.wait(PAUSE)
    return not stop.is_set()


def _postgres(settings: Settings) -> None:
    from pipeline.stores.postgres import connect

    connect(settings.postgres, name="wait", connect_timeout=3).close()


def _kafka(settings: Settings) -> None:
    from pipeline.kafka import TopicAdmin

    TopicAdmin(settings.kafka).check_connection(timeout=2)
