"""Ports that the embedded services keep.

Chosen once, remembered in `ports.json`, used again after a restart, so that what was written into `custodian.toml`
stays true. They lie below the range from which the system takes ports for outgoing connections (from 32768 on Linux,
49152 elsewhere): a port from that range may be some connection's own by the time the service comes back.
"""

from __future__ import annotations

import json
import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.embedded.children import ServiceStartError

_LOWEST, _HIGHEST = 15_000, 32_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    kafka: int
    kafka_controller: int
    postgres: int


def is_free(port: int) -> bool:
    """Say whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        # As the services themselves do: connections that linger after a stop do not keep the port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
            attempt.listen(1)
        except OSError:
            return False
        return True


def choose(chance: random.Random) -> Ports:
    """Return three different ports that are free now; raises ServiceStartError when there are none."""
    found: list[int] = []
    for candidate in chance.sample(range(_LOWEST, _HIGHEST), 500):
        if is_free(candidate):
            found.append(candidate)
        if len(found) == 3:
            return Ports(kafka=found[0], kafka_controller=found[1], postgres=found[2])
    raise ServiceStartError(f"no free port found on 127.0.0.1 between {_LOWEST} and {_HIGHEST}")


def remembered(path: Path) -> Ports | None:
    """Return the ports that `path` holds, None when there are none; raises ServiceStartError when it is unreadable."""
    try:
        return Ports(**{name: int(port) for name, port in json.loads(path.read_text()).items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ServiceStartError(f"{path} does not hold the ports of the services ({error}). Remove it to have new ones chosen.") from error


def remember(path: Path, ports: Ports) -> None:
    """Write the ports to `path`, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(ports)) + "\n")
    draft.replace(path)
