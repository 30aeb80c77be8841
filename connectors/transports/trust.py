"""Whom a client of HTTP believes and as whom it speaks, by the settings of its section.

The files are read anew for each new connection: a certificate that was replaced holds from then on, and one of a CA that is believed no
longer is believed no longer, without a restart. One that cannot be read meanwhile fails that connection alone.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from pipeline.errors import SettingsError
from pipeline.settings import TlsConnection
from pipeline.tls import Trust


def trust_of(section: TlsConnection, key: str) -> ssl.SSLContext | bool:
    """Return what a client's `verify` is told for the section called `key`; True: whom the system believes. Raise SettingsError."""
    if section.ca_file is None and section.certificate_file is None:
        return True
    trust = Trust(
        ca_key=f"{key}.ca_file",
        ca_file=_path(section.ca_file),
        certificate_key=f"{key}.certificate_file",
        certificate_file=_path(section.certificate_file),
        key_file=_path(section.key_file),
        system=httpx.create_ssl_context,
    )
    trust.context()
    return _Renewed.of(trust)


def _path(file: object) -> str | None:
    return None if file is None else str(file)


class _Renewed(ssl.SSLContext):
    """Opens each connection with a context that is made for it."""

    trust: Trust

    @classmethod
    def of(cls, trust: Trust) -> _Renewed:
        """Return one for these files."""
        made = cls(ssl.PROTOCOL_TLS_CLIENT)
        made.trust = trust
        return made

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin TLS; raise ssl.SSLError for files that cannot be used now, which is all that the transports expect."""
        try:
            context = self.trust.context()
        except SettingsError as error:
            raise ssl.SSLError(str(error)) from None
        context.set_alpn_protocols(["http/1.1"])
        return context.wrap_bio(*args, **kwargs)
