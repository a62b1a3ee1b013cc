"""How the robot really stops: every link's time and distance, measured in simulation.

Each trial throws one motion at full cruise, for joints alone and together, in stretched and bent
postures, with and without a load in the hands; then it is stopped, as the safety gate stops it
(category 1: along the path, within acceleration and jerk) or with the drives off (category 0: they
only damp). What is kept is, for each group of links, the least curve that no trial exceeds::

    python -m dynamical_control.simulation.stopping_identification --out stopping.yaml

Source: ISO 10218-1:2011, Annex B (stopping time and distance are measured for speed, extension and
load); ISO 13855 (overall system stopping performance).
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.motors import Motors
from dynamical_control.simulation.scene import TIMESTEP

# The gate's braking law.
ACCELERATION, JERK = 20.0, 1000.0  # [rad/s^2], [rad/s^3]
JOINT_SPEEDS = (0.25, 0.5, 1.0, 2.0)  # [rad/s]
PAYLOADS = (0.0, 0.5)  # in each hand [kg]
# Speeds of links that the curves are given at [m/s].
KNOTS = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 2.5, 3.2)
# A link stands once no point of it leaves this window around where it rests [m]: no more than the
# error of a link's place (Z_r) is left. IEC 61800-5-2, safe operating stop, watches standing so too.
WINDOW = 0.010
# Slower than this a link did not take part in the motion [m/s].
_PART = 0.02
# Motion that is watched: before the stop, and after it by category [s].
_CRUISE = 0.06
_WATCH = {1: 1.0, 0: 1.2}
_LOOK = 2  # steps between two looks at where the links are
_DAMPING = 1.0

# The first pattern that fits a link's name names its group.
GROUPS = (
    ("hand", "_hand_|_wrist_"),
    ("forearm", "_elbow_"),
    ("upper_arm", "_shoulder_"),
    ("torso", "torso_|waist_|head_"),
)
_ARM = ("shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow")
_WRIST = ("wrist_roll", "wrist_pitch", "wrist_yaw")
_WAIST = ("waist_yaw", "waist_roll", "waist_pitch")
# Both arms do the same, mirrored.
_MIRRORED = ("roll", "yaw")
# Angles of the left arm and the waist where the stop begins [rad]; elbow 0 is a right angle.
POSTURES: dict[str, dict[str, float]] = {
    "stretched ahead": {"shoulder_pitch": -1.45, "shoulder_roll": 0.15, "elbow": 1.45},
    "stretched aside": {"shoulder_pitch": 0.0, "shoulder_roll": 1.4, "elbow": 1.45},
    "bent at work": {"shoulder_pitch": -0.5, "shoulder_roll": 0.3, "elbow": 0.1},
    "bent, turned": {
        "shoulder_pitch": -0.8,
        "shoulder_roll": 0.5,
        "shoulder_yaw": 0.5,
        "elbow": -0.4,
        "wrist_pitch": 0.5,
        "waist_yaw": 0.6,
    },
}
# Joints that move together, each at the trial's speed with this sign.
MOTIONS: tuple[dict[str, float], ...] = (
    *({joint: 1.0} for joint in (*_ARM, *_WRIST, *_WAIST)),
    {"shoulder_pitch": 1.0, "elbow": 1.0},
    {"shoulder_pitch": -1.0, "elbow": 1.0, "wrist_pitch": 1.0},
    {"shoulder_roll": 1.0, "shoulder_yaw": -1.0, "wrist_yaw": 1.0},
    dict.fromkeys((*_ARM, *_WRIST), 1.0),
    {"waist_yaw": 1.0, "shoulder_pitch": -1.0, "elbow": 1.0},
    {"waist_pitch": 1.0, "shoulder_pitch": -1.0, "elbow": 1.0},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One throw.

    Attributes:
        category: Of the stop, 1 or 0.
        posture: Key of ``POSTURES``.
        motion: Signed share of the speed for each joint.
        speed: Of the fastest joint [rad/s].
        payload: In each hand [kg].
    """

    category: int
    posture: str
    motion: dict[str, float]
    speed: float
    payload: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """What one trial showed, for each of the links; arrays of shape (links,).

    Attributes:
        speed: Fastest point of the link when the stop was commanded [m/s].
        time: Until the whole link stands for good [s].
        distance: Farthest that any of its points came from where it was [m].
    """

    speed: np.ndarray
    time: np.ndarray
    distance: np.ndarray


def braking(speed: float, period: float) -> np.ndarray:
    """Share of the velocity that is left, tick by tick, when the fastest joint brakes.

    Acceleration rises and falls with the jerk limit; a slow joint never reaches the full one.

    Args:
        speed: Of the fastest joint [rad/s].
        period: Of the ticks [s].
    """
    peak = min(ACCELERATION, float(np.sqrt(speed * JERK)))
    rise = peak / JERK
    hold = max(0.0, speed / peak - rise)
    t = np.arange(period, 2.0 * rise + hold + period, period)
    end = 2.0 * rise + hold
    first = 0.5 * JERK * np.minimum(t, rise) ** 2
    middle = peak * np.clip(t - rise, 0.0, hold)
    last = np.clip(t - rise - hold, 0.0, rise)
    lost = first + middle + peak * last - 0.5 * JERK * last**2
    left = np.maximum(0.0, 1.0 - lost / speed)
    left[t >= end] = 0.0
    return left


class Rig:
    """The robot alone, without contacts, carrying a load.

    Args:
        mjcf: Its model.
        payload: Mass in each hand [kg].
    """

    def __init__(self, mjcf: Path, *, payload: float) -> None:
        spec = mujoco.MjSpec.from_file(str(mjcf))
        spec.option.timestep = TIMESTEP
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        # Arms pass through the body in some trials; what matters here is the drives.
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
        for side in ("left", "right") if payload else ():
            load = spec.body(f"{side}_wrist_yaw_link").add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.03, 0, 0], pos=[0.10, 0.0, 0.0]
            )
            load.mass, load.contype, load.conaffinity = payload, 0, 0
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self.motors = Motors(self._model, self._data)
        joints = [self._model.joint(name) for name in self.motors.names]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._dof = np.array([joint.dofadr[0] for joint in joints])
        self._range = np.array([joint.range for joint in joints])
        self._points()

    def run(self, trial: Trial) -> Stops:
        """Cruise, stop, and watch until everything stands."""
        data, motors = self._data, self.motors
        posture = self._angles(POSTURES[trial.posture])
        velocity = trial.speed * self._angles(trial.motion)
        shares = braking(trial.speed, TIMESTEP)
        run = velocity * (_CRUISE + float(shares.sum()) * TIMESTEP)
        low, high = self._range.T
        # The whole motion has to fit between the hard stops.
        start = np.clip(posture - velocity * _CRUISE, low - np.minimum(run, 0.0), high)
        start = np.minimum(start, high - np.maximum(run, 0.0))
        mujoco.mj_resetData(self._model, data)
        data.qpos[self._qpos], data.qvel[self._dof] = start, velocity
        wanted, still = start.copy(), np.zeros_like(start)
        for _ in range(round(_CRUISE / TIMESTEP) - 1):
            self._step(wanted, velocity)
        ticks = round(_WATCH[trial.category] / TIMESTEP)
        before = self._places()
        self._step(wanted, velocity)
        path = np.empty((ticks // _LOOK + 1, *self._local.shape))
        path[0] = self._places()
        for tick in range(ticks):
            if trial.category == 0:
                motors.command(wanted, still, None, stiffness=0.0, damping=_DAMPING)
                self._advance()
            else:
                left = shares[tick] if tick < len(shares) else 0.0
                self._step(wanted, velocity * left)
            if (tick + 1) % _LOOK == 0:
                path[(tick + 1) // _LOOK] = self._places()
        return self._judge(np.linalg.norm(path[0] - before, axis=1) / TIMESTEP, path)

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the links with a shape that can collide."""
        return self._links

    def _step(self, wanted: np.ndarray, velocity: np.ndarray) -> None:
        wanted += velocity * TIMESTEP
        self.motors.command(wanted, velocity, None, stiffness=1.0, damping=1.0)
        self._advance()

    def _advance(self) -> None:
        self.motors.apply()
        mujoco.mj_step(self._model, self._data)

    def _angles(self, values: dict[str, float]) -> np.ndarray:
        found = np.zeros(self.motors.count)
        for index, name in enumerate(self.motors.names):
            joint = name.removesuffix("_joint")
            side, _, rest = joint.partition("_")
            if side == "right" and rest in values:
                mirrored = rest.endswith(_MIRRORED)
                found[index] = -values[rest] if mirrored else values[rest]
            elif side == "left" and rest in values:
                found[index] = values[rest]
            elif joint in values:
                found[index] = values[joint]
        return found

    def _points(self) -> None:
        """Corners of the boxes around all shapes that can collide, in the frames of geoms."""
        model = self._model
        geoms = np.flatnonzero((model.geom_contype != 0) | (model.geom_conaffinity != 0))
        corners = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
        box = model.geom_aabb[geoms].reshape(-1, 2, 3)
        self._local = (box[:, None, 0] + corners * box[:, None, 1]).reshape(-1, 3)
        self._geom = np.repeat(geoms, len(corners))
        names = [model.body(model.geom_bodyid[geom]).name for geom in geoms]
        self._links = tuple(dict.fromkeys(names))
        self._link = np.repeat([self._links.index(name) for name in names], len(corners))

    def _places(self) -> np.ndarray:
        turn = self._data.geom_xmat[self._geom].reshape(-1, 3, 3)
        places: np.ndarray = np.einsum("pij,pj->pi", turn, self._local)
        return places + self._data.geom_xpos[self._geom]

    def _judge(self, speed: np.ndarray, path: np.ndarray) -> Stops:
        away = np.linalg.norm(path - path[0], axis=2).max(axis=0)
        outside = np.linalg.norm(path - path[-1], axis=2) > WINDOW
        last = np.where(outside.any(axis=0), len(path) - outside[::-1].argmax(axis=0), 0)
        count = len(self._links)
        fastest, time, distance = np.zeros(count), np.zeros(count), np.zeros(count)
        np.maximum.at(fastest, self._link, speed)
        np.maximum.at(time, self._link, last * _LOOK * TIMESTEP)
        np.maximum.at(distance, self._link, away)
        return Stops(speed=fastest, time=time, distance=distance)


def trials(category: int) -> Iterator[Trial]:
    """All trials of one category; without drives it is gravity that counts, so few are enough."""
    powered = category != 0
    for payload, posture, motion, speed, sign in itertools.product(
        PAYLOADS if powered else PAYLOADS[-1:],
        POSTURES,
        MOTIONS if powered else MOTIONS[::4],
        JOINT_SPEEDS if powered else (JOINT_SPEEDS[0], JOINT_SPEEDS[-1]),
        (1.0, -1.0),
    ):
        signed = {joint: sign * share for joint, share in motion.items()}
        yield Trial(
            category=category, posture=posture, motion=signed, speed=speed, payload=payload
        )


def envelope(knots: Sequence[float], speed: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The curve, straight between knots, that never falls and lies below no sample.

    It begins at 0 unless samples at rest say otherwise: without drives an arm falls from rest.

    Args:
        knots: Speeds, rising from 0 [m/s].
        speed: Shape (m,), of the samples [m/s].
        value: Shape (m,), what was measured.

    Returns:
        Shape (knots,); it stays level beyond the fastest sample.
    """
    places = np.asarray(knots, dtype=float)
    curve = np.array([value[speed <= knot].max(initial=0.0) for knot in places])
    inside = speed > 0.0
    for u, wanted in sorted(zip(speed[inside].tolist(), value[inside].tolist(), strict=True)):
        got = float(np.interp(u, places, curve))
        if got >= wanted:
            continue
        upper = min(int(np.searchsorted(places, u)), len(places) - 1)
        lower = upper - 1
        share = min((u - places[lower]) / (places[upper] - places[lower]), 1.0)
        # The smallest change that lifts the line to the sample; the start stays where it is.
        low, high = (1.0 - share, share) if lower > 0 else (0.0, share)
        curve[lower] += (wanted - got) * low / (low**2 + high**2)
        curve[upper] += (wanted - got) * high / (low**2 + high**2)
    return np.maximum.accumulate(curve)


def curves(
    samples: Sequence[Stops], members: np.ndarray, *, at_rest: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """Stopping time and distance at the knots, and the largest speed measured, of one group.

    Args:
        samples: All trials.
        members: Shape (links,), which links belong to the group.
        at_rest: Whether what happens to links at rest counts as well.
    """
    speed = np.concatenate([stop.speed[members] for stop in samples])
    time = np.concatenate([stop.time[members] for stop in samples])
    distance = np.concatenate([stop.distance[members] for stop in samples])
    part = speed > _PART
    if at_rest:
        speed = np.where(part, speed, 0.0)
    else:
        # What stands at the command does not stop, it is only shaken.
        speed, time, distance = speed[part], time[part], distance[part]
    fastest = float(speed.max(initial=0.0))
    # Beyond what was measured, as for a constant deceleration.
    over = np.maximum(np.array(KNOTS) / fastest, 1.0) if fastest > 0.0 else np.ones(len(KNOTS))
    return (
        envelope(KNOTS, speed, time) * over,
        envelope(KNOTS, speed, distance) * over**2,
        fastest,
    )


def document(results: dict[int, list[Stops]], links: tuple[str, ...]) -> str:
    """The data file."""
    lines = [
        "# How the robot stops, by group of links: time [s] and distance [m] at speeds [m/s] of a",
        "# link's fastest point. Written by dynamical_control.simulation.stopping_identification,",
        "# which also says what was tried; no trial lies above the straight lines between points.",
        "# The first pattern that fits a link's name counts; the last fits all and is the worst.",
        "robot: unitree_g1",
        f"acceleration: {ACCELERATION:g}  # [rad/s^2]",
        f"jerk: {JERK:g}  # [rad/s^3]",
        f"payloads: [{', '.join(f'{mass:g}' for mass in PAYLOADS)}]  # in each hand [kg]",
        f"trials: {sum(len(samples) for samples in results.values())}",
        f"speed: [{', '.join(f'{knot:g}' for knot in KNOTS)}]",
    ]
    for category, samples in results.items():
        lines += [f"category_{category}:"]
        fits = [next((g for g, p in GROUPS if _fits(p, link)), "any") for link in links]
        found = {
            name: curves(samples, np.array(fits) == name, at_rest=category == 0)
            for name, _ in GROUPS
        }
        worst = (
            np.max([time for time, _, _ in found.values()], axis=0),
            np.max([distance for _, distance, _ in found.values()], axis=0),
            max(fastest for _, _, fastest in found.values()),
        )
        for name, pattern in (*GROUPS, ("any", "")):
            lines += _group(name, pattern, found.get(name, worst))
    return "\n".join(lines) + "\n"


def _group(name: str, pattern: str, found: tuple[np.ndarray, np.ndarray, float]) -> list[str]:
    time, distance, fastest = found
    return [
        f"  {name}:",
        f'    links: "{pattern}"',
        f"    measured_up_to: {fastest:.2f}",
        f"    time: [{', '.join(f'{value:.3f}' for value in np.ceil(time * 1e3) / 1e3)}]",
        f"    distance: [{', '.join(f'{v:.4f}' for v in np.ceil(distance * 1e4) / 1e4)}]",
    ]


def _fits(pattern: str, link: str) -> bool:
    return any(part in link for part in pattern.split("|"))


def main() -> int:
    """Run all trials and write the file."""
    parser = argparse.ArgumentParser(description="Measure how the simulated robot stops.")
    parser.add_argument("--out", type=Path, default=Path("stopping_unitree_g1.yaml"))
    arguments = parser.parse_args()
    mjcf = Path(ensure_robot_model().mjcf)
    rigs = {payload: Rig(mjcf, payload=payload) for payload in PAYLOADS}
    results: dict[int, list[Stops]] = {}
    for category in (1, 0):
        results[category] = [rigs[trial.payload].run(trial) for trial in trials(category)]
    links = next(iter(rigs.values())).links
    arguments.out.write_text(document(results, links))
    print(f"{sum(map(len, results.values()))} trials -> {arguments.out}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
