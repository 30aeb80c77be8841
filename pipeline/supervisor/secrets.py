"""What of an environment a role is given: its own secrets and nobody else's (infra/decisions/0019)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline.dsn import without_password
from pipeline.settings import VENUE_ROLES

WITHHELD = "withheld"
"""In the place of a secret that the settings ask for and this role does not."""
_OF_OTHERS = re.compile(r"PG(PASSWORD|SSLPASSWORD)|CUSTODIAN_LOGIN.*|CUSTODIAN_POSTGRES__PASSWORD")
_OF_A_ROLE = re.compile(r"CUSTODIAN_POSTGRES__ROLES__([A-Z]+)__.*")
_OF_A_VENUE = re.compile(r"CUSTODIAN_VENUES__.+__AUTH__(CLIENT_SECRET|TOKEN)")


def own_environment(role: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a role's process; files that are named in it are opened by whoever needs them."""
    return dict(_kept(role, environment))


def _kept(role: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        asked = name.upper()
        whose = _OF_A_ROLE.fullmatch(asked)
        if _OF_OTHERS.fullmatch(asked) or (whose is not None and whose[1].lower() != role):
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
