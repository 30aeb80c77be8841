"""A TCP proxy before PostgreSQL that loses answers to COMMIT, with the connection, before or after the server has applied it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Collection

from psycopg.conninfo import conninfo_to_dict, make_conninfo

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The simple query of the protocol (version 3) that ends a transaction of psycopg."""


class CommitProxy:
    """Passes everything on but the chosen commits, which are counted from 1 over all connections."""

    def __init__(self, dsn: str, *, lose: Collection[int], applied: bool) -> None:
        """`applied`: the server gets the commit and its answer is swallowed; otherwise the commit itself is. Then the connection is cut."""
        parts = conninfo_to_dict(dsn)
        self._target = (str(parts["host"]), int(str(parts["port"])))
        self._lose, self._applied = frozenset(lose), applied
        self._lock = threading.Lock()
        self._commits = 0
        self.lost = 0
        """How many commits were left without an answer."""
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = make_conninfo(dsn, host="127.0.0.1", port=self._listener.getsockname()[1], sslmode="disable", gssencmode="disable")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cut every connection and listen no more."""
        for each in (self._listener, *self._sockets):
            _cut(each)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                swallow = threading.Event()
                threading.Thread(target=self._pass_on, args=(client, server, swallow), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client, swallow), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while said := client.recv(65_536):
                if said.endswith(COMMIT) and self._is_lost():
                    if not self._applied:
                        break
                    swallow.set()
                server.sendall(said)
        if not swallow.is_set():
            _cut(server)
            _cut(client)

    def _answer(self, server: socket.socket, client: socket.socket, swallow: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while (said := server.recv(65_536)) and not swallow.is_set():
                client.sendall(said)
        _cut(client)
        _cut(server)

    def _is_lost(self) -> bool:
        with self._lock:
            self._commits += 1
            lost = self._commits in self._lose
            self.lost += lost
            return lost


def _cut(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()
