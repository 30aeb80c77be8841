"""A double of a pooler before PostgreSQL: it lends few sessions to many clients, as PgBouncer does, by session or by transaction.

What it copies from PgBouncer 1.18: a client gets a cancel key of its own; start-up parameters other than the tracked ones are refused; of
idle sessions the one given back last is lent first, or, with `in_turn`, the one that has been idle longest; a client that leaves a session
has it cleaned by DISCARD ALL.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import socket
import struct
import threading
from typing import Any, Literal

import psycopg
from psycopg.conninfo import make_conninfo

_TRACKED = {"user", "database", "client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name"}
_ENCRYPTION = {80877103, 80877104}  # SSLRequest, GSSENCRequest
_STATUSES = ("server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings")


class Pooler:
    """Listens on a port of its own; `dsn` is the address through it."""

    def __init__(self, dsn: str, *, mode: Literal["session", "transaction"], size: int = 20, in_turn: bool = False) -> None:
        """Lend at most `size` sessions of the database that `dsn` names."""
        self._server_dsn = make_conninfo(dsn, sslmode="disable", gssencmode="disable")
        self._mode, self._in_turn = mode, in_turn
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._statuses: dict[str, str] = {}
        self._idle: list[_Session] = []
        self._made: list[_Session] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = make_conninfo(dsn, host="127.0.0.1", port=self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more and close every session."""
        self._listener.close()
        for session in self._made:
            session.close()

    def __enter__(self) -> Pooler:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        session: _Session | None = None
        with contextlib.suppress(OSError, EOFError), client:
            if not self._welcome(client):
                return
            while True:
                waited = [client] if session is None else [client, session.socket]
                for readable in select.select(waited, [], [])[0]:
                    kind, whole = _message(readable)
                    if readable is client and kind == b"X":
                        raise EOFError
                    if session is None:
                        session = self._lend()
                    (session.socket if readable is client else client).sendall(whole)
                    if readable is not client and whole == b"Z\x00\x00\x00\x05I" and self._mode == "transaction":
                        self._take_back(session)
                        session = None
        if session is not None:
            session.clean()
            self._take_back(session)

    def _welcome(self, client: socket.socket) -> bool:
        while True:
            (length,) = struct.unpack("!I", _exactly(client, 4))
            packet = _exactly(client, length - 4)
            if struct.unpack("!I", packet[:4])[0] not in _ENCRYPTION:
                break
            client.sendall(b"N")
        words = packet[4:].rstrip(b"\x00").split(b"\x00")
        unknown = [name.decode() for name in words[::2] if name.decode().lower() not in _TRACKED]
        if unknown:
            client.sendall(refusal("08P01", f"unsupported startup parameter: {unknown[0]}"))
            return False
        if not self._statuses:  # as PgBouncer does, from the first session alone
            session = self._lend()
            self._statuses = {name: session.connection.info.parameter_status(name) or "" for name in _STATUSES}
            self._take_back(session)
        client.sendall(b"R" + struct.pack("!II", 8, 0))
        for name, value in self._statuses.items():
            client.sendall(_wrapped(b"S", f"{name}\0{value}\0".encode()))
        client.sendall(_wrapped(b"K", secrets.token_bytes(8)) + b"Z\x00\x00\x00\x05I")
        return True

    def _lend(self) -> _Session:
        self._free.acquire()
        with self._lock:
            if self._idle:
                return self._idle.pop(0 if self._in_turn else -1)
            self._made.append(_Session(self._server_dsn))
            return self._made[-1]

    def _take_back(self, session: _Session) -> None:
        with self._lock:
            self._idle.append(session)
        self._free.release()


class _Session:
    """A session of PostgreSQL: psycopg has logged in, from then on bytes go through."""

    def __init__(self, dsn: str) -> None:
        self.connection: psycopg.Connection[Any] = psycopg.connect(dsn)
        self.socket = socket.socket(fileno=os.dup(self.connection.pgconn.socket))
        self.socket.setblocking(True)

    def clean(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self.socket.sendall(_wrapped(b"Q", b"DISCARD ALL\0"))
            while _message(self.socket)[0] != b"Z":
                pass

    def close(self) -> None:
        self.socket.close()
        self.connection.close()


def refusal(sqlstate: str, text: str, *, severity: str = "FATAL") -> bytes:
    """Return the message by which a server refuses a connection."""
    fields = {"S": severity, "V": "FATAL", "C": sqlstate, "M": text}
    return _wrapped(b"E", b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0")


def _wrapped(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _message(side: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(side, 5)
    return head[:1], head + _exactly(side, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(side: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        piece = side.recv(size - len(read))
        if not piece:
            raise EOFError
        read += piece
    return bytes(read)


class RefusingServer:
    """Answers every start-up packet with one refusal, in the words that it is given."""

    def __init__(self, sqlstate: str, text: str) -> None:
        """Listen on a free port of loopback."""
        self.answer = refusal(sqlstate, text, severity="FATAL")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = f"postgresql://wer@127.0.0.1:{self._listener.getsockname()[1]}/was"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with contextlib.suppress(OSError, EOFError), client:
                    while True:
                        (length,) = struct.unpack("!I", _exactly(client, 4))
                        if struct.unpack("!I", _exactly(client, length - 4)[:4])[0] not in _ENCRYPTION:
                            break
                        client.sendall(b"N")
                    client.sendall(self.answer)

    def __enter__(self) -> RefusingServer:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._listener.close()
