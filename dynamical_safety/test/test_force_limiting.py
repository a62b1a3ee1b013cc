"""How fast links may be near people, for what a contact would press."""

import itertools
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.simulation.layout import START_POSTURE
from dynamical_safety.contact_pairs import Furniture
from dynamical_safety.effective_mass import RobotDynamics, effective_mass
from dynamical_safety.force_limiting import ForceLimiter, ForceOutlook
from dynamical_safety.people import Boxes, People, Person
from dynamical_safety.state_machine import Cause

NOW = 1000.0
TABLE = Furniture(("table",), np.array([[0.53, 0.0, 0.745]]), np.array([[0.33, 0.30, 0.015]]))
HAND = "right_wrist_yaw_link"


def person(
    x: float, *, y: float = -0.2, vx: float = 0.0, height: float = 1.8, age: float = 0.0
) -> Person:
    return Person(
        1,
        np.array([x, y, height / 2]),
        np.array([0.4, 0.5, height]),
        np.array([vx, 0.0, 0.0]),
        0.0,
        NOW - age,
        1.0,
    )


class Bench:
    """One robot, one limiter for each set of parameters."""

    def __init__(self, robot: Any) -> None:
        self.robot = robot
        self.names = robot.urdf.names
        self.dynamics = RobotDynamics(robot.mjcf_path, self.names)
        self.posture = np.array([START_POSTURE.get(name, 0.0) for name in self.names])

    def boxes(self, *people: Person) -> Boxes:
        memory = People(self.robot.parameters)
        memory.see(people)
        return memory.boxes(NOW)

    def motion(self, **joints: float) -> np.ndarray:
        velocity = np.zeros(len(self.names))
        for joint, value in joints.items():
            velocity[self.names.index(f"{joint}_joint")] = value
        return velocity

    def assess(
        self,
        *people: Person,
        velocity: np.ndarray,
        posture: np.ndarray | None = None,
        furniture: Furniture | None = None,
        lead: np.ndarray | None = None,
        **changes: Any,
    ) -> ForceOutlook:
        position = self.posture if posture is None else posture
        limiter = ForceLimiter(
            self.dynamics,
            self.robot.kinematics.spheres,
            limits=self.robot.limits,
            parameters=replace(self.robot.parameters, **changes),
            furniture=furniture or Furniture((), np.zeros((0, 3)), np.zeros((0, 3))),
        )
        centres = self.robot.kinematics.centres(position).copy()
        return limiter.assess(
            position, centres, self.boxes(*people), velocities=velocity[None], lead=lead
        )


def reason_text(outlook: ForceOutlook) -> str:
    causes: dict[Cause, Any] = {}
    outlook.add_causes(causes)
    return str(causes[Cause.FORCE_LIMIT].text)


@pytest.fixture(scope="module")
def bench(robot: Any) -> Bench:
    return Bench(robot)


@pytest.fixture(scope="module")
def reach(bench: Bench) -> np.ndarray:
    return bench.motion(right_shoulder_pitch=-1.5, right_elbow=-1.0)


def test_nobody_means_full_speed(bench: Bench, reach: np.ndarray) -> None:
    assert bench.assess(velocity=reach).speed_scale == 1.0
    far = bench.assess(person(3.0), velocity=reach)
    assert far.speed_scale == 1.0
    assert far.link == ""


def test_a_fast_hand_near_a_person_is_slowed_and_named(bench: Bench, reach: np.ndarray) -> None:
    outlook = bench.assess(person(0.75), velocity=reach)
    assert 0.0 < outlook.speed_scale < 1.0
    assert outlook.link.startswith("right_")
    assert outlook.force > 0.0
    causes: dict[Any, Any] = {}
    outlook.add_causes(causes)
    reason = causes[Cause.FORCE_LIMIT]
    assert reason.subject == outlook.link
    assert reason.limit == outlook.limit
    assert outlook.region in reason.text


def test_a_robot_at_rest_is_not_slowed_by_someone_at_arms_length(bench: Bench) -> None:
    assert bench.assess(person(1.0), velocity=bench.motion()).speed_scale == 1.0


def test_nearer_never_allows_more(bench: Bench, reach: np.ndarray) -> None:
    scales = [bench.assess(person(x), velocity=reach).speed_scale for x in np.arange(2, 0.5, -0.1)]
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert scales[0] == 1.0
    assert scales[-1] < 0.5


def test_faster_never_allows_more(bench: Bench, reach: np.ndarray) -> None:
    scales = [
        bench.assess(person(0.8), velocity=reach * factor).speed_scale
        for factor in (0.0, 0.25, 0.5, 0.75, 1.0, 1.3)
    ]
    assert all(a >= b for a, b in itertools.pairwise(scales))


def test_heavier_never_allows_more_and_presses_more(bench: Bench, reach: np.ndarray) -> None:
    near = person(0.6, height=1.8)
    outlooks = [
        bench.assess(near, velocity=reach, payload=mass) for mass in (0.0, 0.3, 1.0, 3.0, 10.0)
    ]
    assert all(a.speed_scale >= b.speed_scale for a, b in itertools.pairwise(outlooks))
    assert all(a.force <= b.force for a, b in itertools.pairwise(outlooks))
    assert outlooks[-1].force > outlooks[0].force


def test_a_head_nearer_to_the_links_never_allows_more(bench: Bench, reach: np.ndarray) -> None:
    scales = [
        bench.assess(person(0.8, height=height), velocity=reach).speed_scale
        for height in (2.2, 2.0, 1.8, 1.6, 1.45, 1.35)
    ]
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert scales[-1] < scales[0]


def test_someone_who_does_not_stand_upright_counts_as_a_head(
    bench: Bench, reach: np.ndarray
) -> None:
    standing = bench.assess(person(0.8), velocity=reach)
    crouching = bench.assess(person(0.8, height=1.2), velocity=reach)
    assert crouching.speed_scale <= standing.speed_scale
    assert crouching.region in ("face", "skull and forehead")


def test_no_link_comes_nearer_to_a_head_within_its_clearance(bench: Bench) -> None:
    # A crouching person, 0.1 m from where the hand is.
    hand = bench.robot.kinematics.centres(bench.posture)[
        [link.startswith("right_hand") for link in bench.robot.kinematics.spheres.links]
    ]
    near = person(float(hand[:, 0].max()) + 0.35, height=1.2)
    outlook = bench.assess(near, velocity=bench.motion(right_shoulder_pitch=-0.1))
    assert outlook.speed_scale == 0.0


def test_a_person_who_comes_never_allows_more(bench: Bench, reach: np.ndarray) -> None:
    scales = [
        bench.assess(person(0.9, vx=-speed), velocity=reach).speed_scale
        for speed in (0.0, 0.3, 0.8, 1.6)
    ]
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert scales[-1] < scales[0]


def test_an_older_track_never_allows_more_speed(bench: Bench, reach: np.ndarray) -> None:
    scales = [
        bench.assess(person(0.8, age=age), velocity=reach).speed_scale
        for age in (0.0, 0.1, 0.3, 0.6)
    ]
    assert all(a >= b for a, b in itertools.pairwise(scales))
    assert scales[-1] < scales[0]


def test_what_is_not_a_number_stops_the_robot(bench: Bench, reach: np.ndarray) -> None:
    broken = reach.copy()
    broken[20] = np.nan
    assert bench.assess(person(0.8), velocity=broken).speed_scale == 0.0
    posture = bench.posture.copy()
    posture[16] = np.nan
    assert bench.assess(person(0.8), velocity=reach, posture=posture).speed_scale == 0.0


def lowered(bench: Bench, elbow: float) -> np.ndarray:
    """The right hand over the table: 0.11 m above it at 0.2 rad, 0.04 m at 0.5 rad."""
    posture = bench.posture.copy()
    posture[bench.names.index("right_shoulder_pitch_joint")] = -0.3
    posture[bench.names.index("right_elbow_joint")] = elbow
    return posture


def test_a_hand_lowered_onto_the_table_beside_a_person_is_slower(bench: Bench) -> None:
    posture, down = lowered(bench, 0.5), bench.motion(right_shoulder_pitch=1.5, right_elbow=1.5)
    beside = person(0.35, y=-0.65, height=1.9)
    free = bench.assess(beside, velocity=down, posture=posture)
    clamped = bench.assess(beside, velocity=down, posture=posture, furniture=TABLE)
    assert clamped.speed_scale < free.speed_scale
    assert clamped.clamped
    assert clamped.link.startswith("right_")
    assert "clamp" in reason_text(clamped)
    lead = np.where(down > 0.0, 0.2, 0.0)
    pressed = bench.assess(beside, velocity=down, posture=posture, furniture=TABLE, lead=lead)
    assert pressed.speed_scale <= clamped.speed_scale


def test_nobody_is_clamped_high_above_the_table_or_out_of_reach(bench: Bench) -> None:
    down = bench.motion(right_shoulder_pitch=1.5, right_elbow=1.5)
    for posture, y in ((lowered(bench, -0.2), -0.65), (lowered(bench, 0.5), -1.05)):
        outlook = bench.assess(
            person(0.35, y=y, height=1.9), velocity=down, posture=posture, furniture=TABLE
        )
        assert not outlook.clamped


def test_a_hand_works_on_the_table_at_full_speed_while_nobody_is_near(bench: Bench) -> None:
    down = bench.motion(right_shoulder_pitch=1.5, right_elbow=1.5)
    outlook = bench.assess(
        person(0.35, y=-1.6, height=1.9),
        velocity=down,
        posture=lowered(bench, 0.5),
        furniture=TABLE,
    )
    assert outlook.speed_scale == 1.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    x=st.floats(0.4, 1.2),
    y=st.floats(-0.8, 0.8),
    height=st.floats(1.0, 2.0),
)
def test_the_allowed_motion_presses_with_what_is_permissible(
    bench: Bench, seed: int, x: float, y: float, height: float
) -> None:
    rng = np.random.default_rng(seed)
    velocity = rng.uniform(-1, 1, len(bench.names)) * bench.robot.limits.velocity
    near = person(x, y=y, height=height)
    scale = bench.assess(near, velocity=velocity).speed_scale
    capped = np.clip(
        velocity, -scale * bench.robot.limits.velocity, scale * bench.robot.limits.velocity
    )
    # Held to its own scale, the motion needs no further slowing.
    assert bench.assess(near, velocity=capped).speed_scale >= scale


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), x=st.floats(0.35, 0.9), y=st.floats(-0.6, 0.6))
def test_leaving_far_pairs_out_changes_nothing(
    bench: Bench, seed: int, x: float, y: float
) -> None:
    rng = np.random.default_rng(seed)
    velocity = rng.uniform(-1, 1, len(bench.names)) * bench.robot.limits.velocity
    few = bench.assess(person(x, y=y), velocity=velocity)
    # With a reach as long as the distance that is looked at, no pair is left out.
    all_of_them = bench.assess(person(x, y=y), velocity=velocity, clamp_reach=1.0)
    assert few.speed_scale == pytest.approx(all_of_them.speed_scale, abs=1e-9)


def hand_mass(bench: Bench, direction: np.ndarray, posture: np.ndarray) -> float:
    """Effective mass of the hand along a direction."""
    model = mujoco.MjModel.from_xml_path(str(bench.robot.mjcf_path))
    data = mujoco.MjData(model)
    data.qpos[:] = posture
    mujoco.mj_forward(model, data)
    point = data.body(HAND).xipos.copy()
    bench.dynamics.place(posture)
    moves = bench.dynamics.moved_by((HAND,))
    rows = bench.dynamics.rows(point[None], direction[None], moves)
    mass = effective_mass(rows, np.linalg.inv(bench.dynamics.inertia()))
    return float(mass[0])


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, 0, -0.8)])
def test_effective_mass_is_what_a_collision_in_simulation_shows(
    bench: Bench, direction: tuple[float, float, float]
) -> None:
    # A ball on a soft spring strikes the resting hand; momentum and energy of the ball tell the
    # mass that it met: v' / v = (m - M) / (m + M) in an elastic collision.
    u = np.array(direction, dtype=float)
    posture = bench.posture
    predicted = hand_mass(bench, u, posture)
    spec = mujoco.MjSpec.from_file(str(bench.robot.mjcf_path))
    for geom in spec.geoms:
        geom.contype, geom.conaffinity = 0, 0
    for joint in spec.joints:
        joint.frictionloss = 0.0
    spec.option.timestep = 5e-5
    spec.option.gravity = (0.0, 0.0, 0.0)
    model = spec.compile()
    # Limp joints: the servos are slow beside a collision.
    model.actuator_gainprm[:], model.actuator_biasprm[:] = 0.0, 0.0
    data = mujoco.MjData(model)
    data.qpos[:] = posture
    mujoco.mj_forward(model, data)
    hand = model.body(HAND).id
    ball, speed, gap, stiffness = predicted, 0.5, -1e-4, 1e5
    start = data.xipos[hand].copy()
    met = False
    for _ in range(4000):
        travelled = float((data.xipos[hand] - start) @ u)
        press = max(0.0, gap - travelled) * stiffness
        data.xfrc_applied[hand, :3] = press * u
        mujoco.mj_step(model, data)
        speed -= press / ball * model.opt.timestep
        gap += speed * model.opt.timestep
        met |= press > 0.0
        if met and press == 0.0 and gap < travelled:
            break
    restitution = speed / 0.5
    measured = ball * (1.0 - restitution) / (1.0 + restitution)
    assert measured == pytest.approx(predicted, rel=0.2)


def test_a_direction_in_which_a_link_cannot_move_is_heavy_not_infinite(bench: Bench) -> None:
    mass = effective_mass(np.zeros((1, 43)), np.eye(43), payload=0.5)
    assert np.isfinite(mass).all()
    assert mass[0] > 1000.0
    fallback = effective_mass(np.ones((1, 43)), np.full((43, 43), np.nan), fallback=15.0)
    assert fallback[0] == 15.0
