"""Node rest_bridge: HTTP in front of the graph."""

import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dynamical_bringup.rest.app import create_app, guarded
from dynamical_bringup.rest.auditing import AuditTrail, audit_path
from dynamical_bringup.rest.auth import TRUSTED_SCOPES, Authenticator, parse_networks
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.gateway import Gateway
from dynamical_bringup.rest.idempotency import IdempotencyStore
from dynamical_bringup.rest.keys import KeyStore, write_private
from dynamical_bringup.rest.rates import Rates, RateSettings
from dynamical_bringup.rest.server import RestServer, ServerError
from dynamical_bringup.rest.store import ExecutionStore
from dynamical_bringup.rest.streams import Streams
from dynamical_interfaces import graph
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_interfaces.runtime.parameters import param
from dynamical_safety import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class RestBridgeParameters:
    """Parameters of the bridge."""

    host: str = param("127.0.0.1", "Address to listen on; 0.0.0.0 = every interface")
    port: int = param(8080, "Port; 0 = any free one, written to rest.json", low=0, high=65535)
    state_dir: str = param("", "Folder for keys and rest.json; empty = the user's state folder")
    robot_mjcf: str = param("", "MJCF of the robot, for the live view; empty = it is not drawn")
    robot_id: str = param("", "Robot of this bridge; empty = the namespace's name")
    trusted_networks: tuple[str, ...] = param(
        # Not (): rclpy takes an empty list for a list of bytes and then refuses strings.
        ("",),
        "Networks whose peers need no key: 'loopback' or CIDR blocks; empty = none",
    )
    body_limit: int = param(262144, "Largest request body", unit="bytes", low=1024, high=2**30)
    rate_of_key: float = param(
        200.0, "Requests of one key; stops are never counted", unit="1/s", low=0.1, high=1e6
    )
    rate_of_address: float = param(
        400.0, "Requests of one address, whatever its keys", unit="1/s", low=0.1, high=1e6
    )
    rate_of_failures: float = param(
        20.0, "Requests of one address without a valid key", unit="1/s", low=0.1, high=1e6
    )
    executions_kept: int = param(1000, "Executions remembered", low=10, high=100000)
    answer_limit: float = param(
        30.0, "Longest wait of an invocation for its first action", unit="s", low=0.1, high=600.0
    )
    silence_limit: float = param(
        5.0,
        "A running execution of which nothing is heard for so long is given up",
        unit="s",
        low=0.5,
        high=60.0,
    )


def state_folder(text: str) -> Path:
    """The folder of the parameter, or the user's."""
    if text:
        return Path(text)
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(os.environ.get("DYNAMICAL_STATE") or Path(home) / "dynamical")


def platform_version() -> str:
    """Version of this package, as installed."""
    try:
        return version("dynamical_bringup")
    except PackageNotFoundError:
        return "0.0.0"


class RestBridgeNode(GraphNode[RestBridgeParameters]):
    """Serves HTTP while active."""

    def __init__(self) -> None:
        super().__init__(graph.REST_BRIDGE, RestBridgeParameters)

    def configure(self) -> None:
        """Make the key store, the endpoints and the application."""
        settings = self.parameters
        self._folder = state_folder(settings.state_dir)
        keys = KeyStore(self._folder)
        key_id = keys.ensure_key()
        self.get_logger().info(f"key {key_id} is in {self._folder / 'api_key'}")
        trusted = parse_networks(settings.trusted_networks)
        if trusted:
            names = ", ".join(str(network) for network in trusted)
            scopes = " and ".join(sorted(TRUSTED_SCOPES))
            self.get_logger().warning(
                f"peers from {names} are let in without a key and may {scopes}"
            )
        executions = ExecutionStore(settings.executions_kept)
        self._streams = Streams(lambda caller: keys.still_holds(caller, now=time.time()))
        context = Context(
            gateway=Gateway(self, executions, silence_limit=settings.silence_limit),
            executions=executions,
            keys=keys,
            streams=self._streams,
            retries=IdempotencyStore(self._folder),
            robot_id=settings.robot_id or self.get_namespace().strip("/") or "robot",
            answer_limit=settings.answer_limit,
            version=platform_version(),
            state_dir=self._folder,
            robot_mjcf=Path(settings.robot_mjcf) if settings.robot_mjcf else None,
        )
        self._app = guarded(
            create_app(context),
            Authenticator(keys, tickets=context.tickets, trusted=trusted),
            body_limit=settings.body_limit,
            rates=Rates(
                RateSettings(
                    key=settings.rate_of_key,
                    address=settings.rate_of_address,
                    failures=settings.rate_of_failures,
                )
            ),
            trail=AuditTrail(self._folder, on_problem=self._tell_audit),
        )
        self._check_audit()

    def _check_audit(self) -> None:
        path = audit_path(self._folder)
        broken = audit.verify(path)
        if broken is None:
            # Cutting off its end is found only by whoever knows how it ended.
            self.diagnose("audit", "ok", f"the chain holds; newest hash {audit.newest_hash(path)}")
        else:
            sentence = f"{path}, line {broken.line}: {broken.problem}"
            self.diagnose("audit", "warn", sentence)

    def _tell_audit(self, problem: str) -> None:
        if problem:
            self.diagnose("audit", "error", f"commands are refused: {problem}")
        else:
            self.diagnose("audit", "ok", "entries are written again")

    def activate(self) -> None:
        """Listen, and write down where."""
        try:
            self._server = RestServer(
                self._app,
                host=self.parameters.host,
                port=self.parameters.port,
                on_death=lambda error: self.fail(f"HTTP server ended: {error}", error),
                before_stop=self._streams.close,
            )
        except ServerError as error:
            raise FatalError(str(error)) from error
        self._server.start()
        write_private(self._folder / "rest.json", json.dumps({"url": self._server.url}) + "\n")
        self.diagnose("http", "ok", f"listening on {self._server.url}", url=self._server.url)
        self.get_logger().info(f"listening on {self._server.url}")

    def deactivate(self) -> None:
        """Stop listening."""
        self._stop_server()

    def cleanup(self) -> None:
        """Stop listening."""
        self._stop_server()

    def _stop_server(self) -> None:
        server = getattr(self, "_server", None)
        if server is not None:
            server.stop()
            (self._folder / "rest.json").unlink(missing_ok=True)
            del self._server


def main() -> None:
    """Run the node."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="[%(levelname)s] [%(name)s]: %(message)s"
    )
    run(RestBridgeNode)


if __name__ == "__main__":
    main()
