"""PostgreSQL connection strings without their password: it is kept apart, so that no message about an address can show it.

Follows libpq, "Connection Strings" (key=value and URI). What libpq would read otherwise than its writer meant, such as a password with
a `/` in a URI, is refused before libpq speaks of the pieces that it saw. No error of this module shows any of the text.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_SCHEME = re.compile(r"postgres(?:ql)?://")
_LOGIN = re.compile(r"\A([^:@/]*)(?::([^@/]*))?@")
"""As libpq looks: up to the first @, if no / comes before it."""
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
_PAIR = re.compile(r"\s*([a-z_]{4,})\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?:\s+|$)", re.DOTALL)
_ADVICE = (
    "not a PostgreSQL address; write postgresql://user@host:port/database and the password into a file that password_file names, "
    "or in the address / as %2F, @ as %40, # as %23 and % as %25"
)


def without_password(dsn: str) -> tuple[str, str | None]:
    """Return a connection string without its password, and the password; raise ValueError when it cannot be read."""
    scheme = _SCHEME.match(dsn)
    return _of_pairs(dsn) if scheme is None else _of_uri(scheme[0], dsn[scheme.end() :])


def parameters(dsn: str) -> dict[str, str]:
    """Return the parameters of a connection string that `without_password` has read: what libpq calls host, sslmode and so on.

    libpq reads the string itself when it connects, and is asked then what it read (`stores.postgres.conninfo`).
    """
    scheme = _SCHEME.match(dsn)
    if scheme is None:
        return {pair[1]: re.sub(r"\\(.)", r"\1", pair[2] if pair[2] is not None else pair[3] or "") for pair in _PAIR.finditer(dsn)}
    place, _, query = _LOGIN.sub("", dsn[scheme.end() :], count=1).partition("?")
    hosts = [_HOST.fullmatch(host) for host in place.partition("/")[0].split(",")]
    found = {"host": ",".join(unquote(host[1]).strip("[]") for host in hosts if host)}
    return found | {unquote(key): unquote(value) for key, _, value in (pair.partition("=") for pair in query.split("&")) if key}


def _of_uri(scheme: str, rest: str) -> tuple[str, str | None]:
    try:
        meant = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(_ADVICE) from None
    if "\0" in meant or re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise ValueError(_ADVICE)
    user, password = "", None
    if login := _LOGIN.match(rest):
        user, password, rest = f"{login[1]}@", login[2], rest[login.end() :]
    place, question, query = rest.partition("?")
    hosts, slash, database = place.partition("/")
    pairs = [pair.split("=") for pair in query.split("&")] if query else []
    readable = all(map(_HOST.fullmatch, hosts.split(","))) and all(len(pair) == 2 for pair in pairs)
    # A second @ after a password was most likely meant as a letter of it.
    if not readable or "@" in (place if password is None else rest):
        raise ValueError(_ADVICE)
    kept = []
    for key, value in pairs:
        if unquote(key) == "password":
            password = value
        else:
            kept.append(f"{key}={value}")
    asked = question + "&".join(kept) if kept else ""
    return f"{scheme}{user}{hosts}{slash}{database}{asked}", unquote(password) if password else None


def _of_pairs(dsn: str) -> tuple[str, str | None]:
    password, kept, at = None, [], 0
    while at < len(dsn.rstrip()):
        pair = _PAIR.match(dsn, at)
        if pair is None:
            raise ValueError(_ADVICE)
        if pair[1] == "password":
            password = re.sub(r"\\(.)", r"\1", pair[2] if pair[2] is not None else pair[3] or "", flags=re.DOTALL)
        else:
            kept.append(pair[0].strip())
        at = pair.end()
    return " ".join(kept), password or None
