"""What of an environment a role is given: its own secrets and nobody else's (infra/decisions/0019, 0021)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.dsn import without_password
from pipeline.settings import SECRET_CLIENT_KEY, VENUE_ROLES, Kafka, client_key

WITHHELD = "withheld"
"""In the place of a secret that the settings ask for and this role does not."""
_OF_OTHERS = re.compile(r"PG(PASSWORD|SSLPASSWORD)|CUSTODIAN_LOGIN.*|CUSTODIAN_POSTGRES__PASSWORD")
_OF_A_ROLE = re.compile(r"CUSTODIAN_(?:POSTGRES|KAFKA)__ROLES__([A-Z]+)__.*")
_OF_KAFKA = re.compile(r"CUSTODIAN_KAFKA__CLIENT__(.+)")
_OF_A_VENUE = re.compile(r"CUSTODIAN_VENUES__.+__AUTH__(CLIENT_SECRET|TOKEN)")


def own_environment(role: str, environment: Mapping[str, str], kafka: Kafka) -> dict[str, str]:
    """Return the environment of a role's process; files that are named in it are opened by whoever needs them.

    `kafka` tells what of the common `kafka.client` is the role's as well: the password of a login that it does not use is not.
    """
    return dict(_kept(role, environment, kafka.of_role(role)))


def _kept(role: str, environment: Mapping[str, str], own: Kafka) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        asked = name.upper()
        whose, common = _OF_A_ROLE.fullmatch(asked), _OF_KAFKA.fullmatch(asked)
        if _OF_OTHERS.fullmatch(asked) or (whose is not None and whose[1].lower() != role):
            continue
        if common is not None and SECRET_CLIENT_KEY.fullmatch(key := client_key(common[1])) and own.client.get(key) != value:
            continue
        if role not in VENUE_ROLES and _OF_A_VENUE.fullmatch(asked):
            yield name, WITHHELD
        elif asked == "CUSTODIAN_POSTGRES__DSN":
            yield name, _bare(value)
        else:
            yield name, value


def _bare(dsn: str) -> str:
    try:
        return without_password(dsn)[0]
    except ValueError:
        return WITHHELD  # the settings have refused it before
