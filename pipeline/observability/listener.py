"""The HTTP listener of a role: `/metrics` for Prometheus, `/healthz` and `/readyz` with the reason when not (503).

One per process on `metrics.listen`; port 0 takes a free one, which `custodian status` shows. It answers GET and HEAD and nothing else.
"""

from __future__ import annotations

import http.server
import json
import re
import socket
import socketserver
import threading
from typing import Any

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from pipeline.errors import ServiceAwayError, SettingsError
from pipeline.observability.health import Health


class Listener:
    """A running listener."""

    def __init__(self, listen: str, health: Health) -> None:
        """Open it; raise ServiceAwayError when the port is taken, SettingsError when the address is none of this machine."""
        host, _, port = listen.rpartition(":")
        self._server = _open(host.strip("[]"), int(port), listen, health)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="listener", daemon=True).start()

    def close(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()


def check_free(listen: str) -> None:
    """Open a listener at that address and close it again; raise as `Listener` does."""
    Listener(listen, Health(lambda: 0.0)).close()


def _open(host: str, port: int, listen: str, health: Health) -> http.server.ThreadingHTTPServer:
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        address_family = _family(host)
        # With address reuse two processes could share a port for a moment; a role that died leaves no listening socket behind.
        allow_reuse_address = True

        def server_bind(self) -> None:
            # The base class asks DNS for our name, which nobody needs and which can take seconds.
            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = host, self.server_address[1]

    try:
        return Server((host, port), type("Answers", (_Answers,), {"health": health}))
    except OverflowError:
        raise SettingsError(f"metrics.listen: found {listen}; write a port up to 65535") from None
    except OSError as error:
        if error.errno in _TAKEN:
            raise ServiceAwayError(
                f"metrics.listen: the port of {listen} is taken by another program; write another one, or port 0 for any free one"
            ) from None
        raise SettingsError(
            f"metrics.listen: {listen} cannot be opened ({error.strerror or error}); write an address of this machine"
        ) from None


def _family(host: str) -> Any:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


_PLACE = re.compile(r"[^\s\"'(]*@[^\s\"')]*")
"""A login and a host: whoever may probe us need not know them; logs and `status` have them."""
_TAKEN = {98, 48, 10048}  # EADDRINUSE on Linux, BSD and macOS, Windows


class _Answers(http.server.BaseHTTPRequestHandler):
    health: Health
    server_version = "custodian"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY))
            case "/healthz":
                state = self.health.state()
                self._state(state.healthy, state.unhealthy)
            case "/readyz":
                state = self.health.state()
                self._state(state.ready, state.reasons)
            case _:
                self._answer(404, "text/plain; charset=utf-8", b"there are /metrics, /healthz and /readyz\n")

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def _state(self, well: bool, reasons: dict[str, str]) -> None:
        said = {name: _PLACE.sub("…", text) for name, text in reasons.items()}
        body = json.dumps({"status": "ok" if well else "failing", **({} if well else {"reasons": said})})
        self._answer(200 if well else 503, "application/json", body.encode() + b"\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a probe every second is no event."""
