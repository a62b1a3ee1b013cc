"""The world model node: pictures of one camera in, its forecast of contact out (V-JEPA 2)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dynamical_interfaces import graph, tiers
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_perception import conversions
from dynamical_perception.cameras.liveness import Liveness
from dynamical_perception.errors import CameraError, ModelError
from dynamical_perception.models.clip_buffer import ClipBuffer
from dynamical_perception.models.vjepa2_forecaster import MODEL, VJepa2Forecaster

_POLL = 0.02  # how often pictures are looked for [s]
_HEALTH_PERIOD = 0.5
_SILENT = 1.0  # without a forecast for so long, diagnostics say why [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldModelParameters:
    """Parameters of the node ``world_model``."""

    checkpoint: str = param("", "Folder of a V-JEPA 2 model with our collision head in it")
    camera: str = param("head", "Camera whose pictures it sees")
    device: str = param("cpu", "Where the encoder computes, as PyTorch names it")
    threads: int = param(1, "Threads on the CPU", low=1, high=64)


class WorldModelNode(GraphNode[WorldModelParameters]):
    """Thin: pictures in, ``VJepa2Forecaster``, forecasts out, at the rate that the machine can do.

    Where pictures are missing, black or frozen it stays silent, which the gate counts as an alarm.
    """

    def __init__(self) -> None:
        super().__init__(graph.WORLD_MODEL, WorldModelParameters)

    def configure(self) -> None:
        """Load the model; make all endpoints."""
        p = self.parameters
        if p.camera not in graph.CAMERAS:
            raise FatalError(f"parameter 'camera' is {p.camera!r}; cameras are {graph.CAMERAS}")
        if not p.checkpoint:
            raise FatalError("parameter 'checkpoint' is empty; it must name the model's folder")
        torch.set_num_threads(p.threads)
        try:
            self._model = VJepa2Forecaster(Path(p.checkpoint), device=p.device)
        except ModelError as error:
            raise FatalError(f"parameter 'checkpoint': {error}") from error
        topics = (f"cameras/{p.camera}/{kind}/image_raw" for kind in ("color", "depth"))
        self._color, self._depth = (self.polled_reader(topic) for topic in topics)
        self._forecasts = self.writer("forecast")
        self.periodic(self._step, period=_POLL, tier=tiers.LEARNING)

    def activate(self) -> None:
        """Begin without memory."""
        self._clip = ClipBuffer(self._model.frames, self._model.period)
        self._liveness = Liveness()
        self._newest_depth: Any = None
        self._problem = "no picture yet"
        self._health_due, self._told = 0.0, self.now()

    def _step(self, now: float, period: float) -> None:
        depth = self._depth.take()
        if depth is not None:
            self._newest_depth = depth
        message = self._color.take()
        if message is not None:
            try:
                self._see(message)
            except (CameraError, ModelError) as error:
                self._problem = str(error)
        if now >= self._health_due or now < self._health_due - 1.0:
            self._health_due = now + _HEALTH_PERIOD
            self._report_health(now)

    def _see(self, message: Any) -> None:
        camera = self.parameters.camera
        if self._newest_depth is None:
            self._problem = f"camera {camera}: no depth picture yet"
            return
        picture = conversions.picture_from_msg(camera, message)
        stamp = conversions.nanoseconds(message.header.stamp) * 1e-9
        depth = conversions.picture_from_msg(camera, self._newest_depth)
        if problem := self._liveness.problem(picture, depth, stamp):
            self._problem = f"camera {camera}: {problem}"
            return
        if not self._clip.add(picture, stamp):
            return
        probability = self._model.infer(self._clip.clip)
        self._forecasts.publish(
            conversions.contact_to_msg(
                probability, model=MODEL, step=self._model.step, stamp=stamp
            )
        )
        self._problem, self._told = "", self.now()

    def _report_health(self, now: float) -> None:
        silent = now - self._told
        if self._problem and silent > _SILENT:
            self.diagnose("forecasts", "warn", self._problem)
        elif silent > _SILENT:
            self.diagnose("forecasts", "warn", f"no whole clip for {silent:.1f} s")
        else:
            self.diagnose("forecasts", "ok", f"V-JEPA 2 on camera {self.parameters.camera}")


def main() -> None:
    """Run the node."""
    run(WorldModelNode)


if __name__ == "__main__":
    main()
