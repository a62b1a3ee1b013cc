"""The HTTP server in a thread of its own, beside the executor of the node."""

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

# Clients of our WebSockets have nothing to say.
_LARGEST_MESSAGE = 4096
_END_LIMIT = 15.0


class ServerError(RuntimeError):
    """The server cannot listen; the sentence says where and why."""


class RestServer:
    """Serves an application until stopped.

    Args:
        app: ASGI application.
        host: Address to listen on.
        port: Port; 0 = any free one, see ``port``.
        on_death: Called with the error if serving ends without ``stop``.
        before_stop: Called when it is to stop: lets open streams end.

    Raises:
        ServerError: If the address cannot be had.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        on_death: Callable[[BaseException], None],
        before_stop: Callable[[], None] = lambda: None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise ServerError(
                f"cannot listen on {host}:{port}: {error.strerror}; is another platform running "
                "there? (parameter port: 0 = any free one)"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        self.url = f"http://{shown}:{self.port}"
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="auto",
            ws_max_size=_LARGEST_MESSAGE,
            # Beyond it even a stop is refused; the rate guard has a smaller one that lets it pass.
            limit_concurrency=900,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._on_death = on_death
        self._before_stop = before_stop
        self._thread = threading.Thread(target=self._serve, name="rest", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Let streams end, answer what is under way, then end; at most about 3 s.

        Raises:
            ServerError: It has not ended; what it uses must not be taken away under it.
        """
        self._before_stop()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_END_LIMIT)
        self._socket.close()
        if self._thread.is_alive():
            raise ServerError(f"the HTTP server has not ended within {_END_LIMIT:.0f} s")

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                runner.run(self._server.serve(sockets=[self._socket]))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a thread's death must be told
            if not self._server.should_exit:
                self._on_death(error)
            return
        if not self._server.should_exit:
            self._on_death(ServerError("the HTTP server ended by itself"))
