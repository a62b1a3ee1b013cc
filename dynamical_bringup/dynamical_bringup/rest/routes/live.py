"""The live safety view: a page for people, and the stream of pictures that it draws.

The stream is of server-sent events (WHATWG HTML, 9.2), one JSON object ten times a second. The page
itself holds nothing secret and needs no key; the stream needs one, which the page asks for.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from dynamical_bringup.rest.context import Context, needs, principal
from dynamical_bringup.rest.conversions import (
    hazard_from_msg,
    safety_from_msg,
    seconds,
    track_from_msg,
    xyz,
    zone_from_msg,
)
from dynamical_bringup.rest.gateway import Gateway
from dynamical_bringup.rest.principal import Principal, Scope
from dynamical_bringup.rest.problems import documented, graph_unavailable
from dynamical_interfaces.msg import SupervisionStatus
from dynamical_safety.errors import KinematicsError
from dynamical_safety.kinematics import RobotKinematics

PERIOD = 0.1  # [s]
MOST_VIEWERS = 16
ASSETS = {"/safety": ("live.html", "text/html"), "/safety/live.js": ("live.js", "text/javascript")}
PATHS = tuple(ASSETS)
_FOLDER = Path(__file__).resolve().parents[1] / "static"
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_DEMANDS = {
    SupervisionStatus.DEMAND_NONE: "none",
    SupervisionStatus.DEMAND_REDUCED: "reduced",
    SupervisionStatus.DEMAND_PROTECTIVE_STOP: "protective_stop",
    SupervisionStatus.DEMAND_CONTROLLED_STOP: "controlled_stop",
}


class RobotShape:
    """The robot as spheres that cover its links; empty where its model is not known.

    Args:
        mjcf: The robot's model; ``None`` = it is not known here.
    """

    def __init__(self, mjcf: Path | None) -> None:
        self._mjcf = mjcf
        self._kinematics: RobotKinematics | None = None
        self._names: tuple[str, ...] = ()

    async def load(self, names: tuple[str, ...]) -> None:
        """Read the model, if it was not for these joints yet; that takes a second."""
        if self._mjcf is None or names == self._names:
            return
        self._names = names
        try:
            self._kinematics = await asyncio.to_thread(RobotKinematics, self._mjcf, names)
        except KinematicsError:
            self._kinematics = None

    def at(self, position: list[float]) -> dict[str, Any]:
        """Links, radii [m] and centres [m] of the spheres, frame odom."""
        known = self._kinematics
        if known is None or len(position) != len(self._names):
            return {"links": [], "radius": [], "centres": []}
        return {
            "links": known.spheres.links,
            "radius": known.spheres.radius.round(3).tolist(),
            "centres": known.centres(np.array(position)).round(3).tolist(),
        }


class LiveView:
    """Puts together what the page shows.

    Args:
        gateway: The graph.
        mjcf: The robot's model.
    """

    def __init__(self, gateway: Gateway, mjcf: Path | None) -> None:
        self._gateway = gateway
        self._shape = RobotShape(mjcf)
        self._text = ""
        self._made = -math.inf

    async def text(self) -> str:
        """The newest picture as JSON; made once for all viewers."""
        now = self._gateway.now()
        # A clock that was set back must not freeze the picture.
        if not 0.0 <= now - self._made < 0.5 * PERIOD:
            self._made = now
            self._text = json.dumps(finite_only(await self._picture(now)), allow_nan=False)
        return self._text

    async def _picture(self, now: float) -> dict[str, Any]:
        newest = self._gateway.newest
        status, zones, hazards = (newest(f"safety/{n}") for n in ("status", "zones", "hazards"))
        tracks, forecast = newest("tracks"), newest("people/forecast")
        supervision, joints = newest("safety/supervision"), newest("joint_states")
        position: list[float] = []
        if joints is not None:
            await self._shape.load(tuple(joints.name))
            position = list(joints.position)
        return {
            "stamp": now,
            "safety": None if status is None else safety_from_msg(status, now=now),
            "zones": [] if zones is None else [zone_from_msg(zone) for zone in zones.zones],
            "hazards": [] if hazards is None else [hazard_from_msg(h) for h in hazards.hazards],
            "tracks": [] if tracks is None else [_track(track, now) for track in tracks.tracks],
            "tracks_age": None if tracks is None else now - seconds(tracks.header.stamp),
            "forecast": None if forecast is None else _forecast(forecast, now),
            "supervision": None if supervision is None else _supervision(supervision, now),
            "robot": self._shape.at(position),
            "robot_age": None if joints is None else now - seconds(joints.header.stamp),
        }


def finite_only(value: Any) -> Any:
    """The same value for JSON, which has no infinity and no NaN: ``None`` in their place."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite_only(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_only(item) for item in value]
    return value


def _track(track: Any, now: float) -> dict[str, Any]:
    return {
        **track_from_msg(track),
        "hands": [xyz(hand) for hand in track.hands],
        "age": now - seconds(track.observation_stamp),
    }


def _forecast(message: Any, now: float) -> dict[str, Any]:
    return {
        "model": message.model,
        "age": now - seconds(message.header.stamp),
        "parts": [
            {
                "track_id": item.track_id,
                "part": item.part,
                "ahead": item.ahead,
                "position": xyz(item.position),
                "deviation": item.deviation,
            }
            for item in message.forecasts
        ],
    }


def _supervision(message: Any, now: float) -> dict[str, Any]:
    return {
        "demand": _DEMANDS.get(message.demand, "unknown"),
        "permitted": message.permitted,
        "reasons": [reason.text for reason in message.reasons],
        "silent_nodes": list(message.silent_nodes),
        "throttle": message.throttle,
        "gate_age": message.gate_age,
        "age": now - seconds(message.header.stamp),
    }


def router(context: Context) -> APIRouter:
    """The stream."""
    routes = APIRouter(tags=["safety"])
    view = LiveView(context.gateway, context.robot_mjcf)
    streams = context.streams
    viewers = 0

    async def pictures(caller: Principal) -> AsyncIterator[str]:
        nonlocal viewers
        viewers += 1
        try:
            with streams.opened():
                while streams.may_go_on(caller):
                    yield f"data: {await view.text()}\n\n"
                    await streams.pause(PERIOD)
        finally:
            viewers -= 1

    @routes.get(
        "/api/safety/live",
        operation_id="safety_live",
        response_class=StreamingResponse,
        responses={**documented(401, 403, 503), 200: {"content": {"text/event-stream": {}}}},
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def live(request: Request) -> StreamingResponse:
        """What the gate knows, ten times a second, as server-sent events; drawn by `/safety`."""
        if viewers >= MOST_VIEWERS:
            raise graph_unavailable(f"{viewers} viewers watch already; close one of them")
        streams.require_room()
        return StreamingResponse(pictures(principal(request)), media_type="text/event-stream")

    return routes


def install(app: FastAPI) -> None:
    """Serve the page."""
    for path, (name, media_type) in ASSETS.items():
        app.add_api_route(
            path, _page(_FOLDER / name, media_type), methods=["GET"], include_in_schema=False
        )


def _page(file: Path, media_type: str) -> Any:
    async def serve() -> Response:
        headers = {"Content-Security-Policy": _POLICY}
        return FileResponse(file, media_type=media_type, headers=headers)

    return serve
