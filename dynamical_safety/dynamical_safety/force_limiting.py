"""Power and force limiting: how fast links may be near people, for what a contact would press.

For every link sphere near a person, along the shortest way between them:

- *transient contact*: at relative speed v it would press with ``F = v sqrt(mu k)``, and F is at
  most the transient limit of every region of the body that may be at that height. Source: ISO/TS
  15066:2016, 5.5.5 and A.3.6. The head bears no transient contact (Table A.2): toward it the
  quasi-static limit holds, and within ``head_clearance`` no link comes nearer at all.
- *clamping*: between a link and furniture the body cannot recoil (its mass is infinite), and what
  the servos build up until pressing is felt is at most the quasi-static limit.

A link that is still a gap d away may be faster: it has ``force_horizon`` T to slow down, which the
barrier ``v <= v_contact + d / T`` ensures (v falls to v_contact as d goes to 0).
"""

import math
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.body_regions import impact_stiffness, region_limits
from dynamical_safety.contact_pairs import (
    NOTHING,
    Furniture,
    Nearness,
    Pairs,
    clamping_pairs,
    joined,
    near_pairs,
)
from dynamical_safety.effective_mass import RobotDynamics, effective_mass
from dynamical_safety.kinematics import LinkSpheres
from dynamical_safety.limits import GateLimits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import Cause

# Looks between two inversions of the inertia matrix: 50 Hz at 200 looks per second.
REFRESH = 4
# Levers grow by less than this between two refreshes, at 3 rad/s [m].
_LEVER_GROWTH = 0.06
# Joints may change speed for this long before the next look takes effect [s].
LOOK = 0.01
# Steps of the search for the speed scale; each is safe, more come nearer to what is possible.
NEWTON_STEPS = 3
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class ForceOutlook:
    """What a contact would press with.

    Attributes:
        speed_scale: 0..1 of the joints' speed limits that keeps all forces permissible.
        link: Link whose contact is worst; empty = nobody is near.
        person: Track id; -1 = nobody.
        region: Region of the body that decides.
        force: Force predicted for a contact at the present motion [N].
        limit: Permissible force [N].
        clamped: Whether the person is between the link and furniture.
        distance: Gap between link and person in the worst case [m]; inf = nobody.
    """

    speed_scale: float = 1.0
    link: str = ""
    person: int = -1
    region: str = ""
    force: float = 0.0
    limit: float = math.inf
    clamped: bool = False
    distance: float = math.inf

    def add_causes(self, causes: dict[Cause, Reason]) -> None:
        """Add what slows the robot now to ``causes``."""
        if self.speed_scale >= 1.0:
            return
        verb = "clamp" if self.clamped else "hit"
        causes[Cause.FORCE_LIMIT] = Reason(
            ErrorCode.FORCE_LIMIT,
            self.link,
            f"link {self.link!r} could {verb} person {self.person} ({self.region}) with "
            f"{self.force:.0f} N, {self.limit:.0f} N are permissible; the robot moves at "
            f"{self.speed_scale:.2f} of its speed",
            self.force,
            self.limit,
        )


NO_CONTACT = ForceOutlook()


@dataclass(frozen=True, slots=True)
class _Contacts:
    """What contacts of m pairs would do; the region that decides is chosen for each.

    Attributes:
        region: Shape (m,), index of the region.
        slope: Shape (m,), force per relative speed [N s/m].
        limit: Shape (m,) [N].
        speed: Shape (m,), largest relative speed at contact [m/s].
    """

    region: np.ndarray
    slope: np.ndarray
    limit: np.ndarray
    speed: np.ndarray


class ForceLimiter:
    """Turns people, links and a motion into a speed scale.

    Args:
        dynamics: The robot's model, for this limiter alone (it is placed by every look).
        spheres: Cover of the robot's links.
        limits: The robot's joints.
        parameters: Distances and times.
        furniture: What a person can be clamped against.
    """

    def __init__(
        self,
        dynamics: RobotDynamics,
        spheres: LinkSpheres,
        *,
        limits: GateLimits,
        parameters: SafetyGateParameters,
        furniture: Furniture = NOTHING,
    ) -> None:
        self._dynamics = dynamics
        self._spheres = spheres
        self._parameters = parameters
        self.furniture = furniture
        self._velocity = limits.velocity
        self._change = limits.acceleration * LOOK
        self._moves = dynamics.moved_by(spheres.links)
        self._regions = region_limits(parameters.contact_area)
        self._heaviest = dynamics.simplified_mass + parameters.payload
        self._nearness = Nearness(
            within=parameters.force_distance,
            always=min(parameters.clamp_reach, parameters.force_distance),
            horizon=parameters.force_horizon,
            head_depth=self._regions.head_depth,
            head_clearance=parameters.head_clearance,
        )
        self._inverse = np.zeros((len(limits.names), len(limits.names)))
        self._levers = np.zeros_like(self._moves)
        self._looks = 0

    def assess(
        self,
        position: np.ndarray,
        centres: np.ndarray,
        boxes: Boxes,
        *,
        velocities: np.ndarray,
        lead: np.ndarray | None = None,
        stiffness_scale: float = 1.0,
    ) -> ForceOutlook:
        """Judge one moment.

        Args:
            position: Shape (n,), measured joint position [rad].
            centres: Shape (s, 3), sphere centres there [m], frame odom.
            boxes: People now.
            velocities: Shape (v, n), joint velocities that the motion has or is asked to have:
                the set-point's and the request's [rad/s].
            lead: Shape (n,), set-point less measured position [rad]; ``None`` = 0.
            stiffness_scale: That of the servos, 0..1.
        """
        if not boxes.people:
            self._looks = 0
            return NO_CONTACT
        self._dynamics.place(position)
        if self._looks % REFRESH == 0:
            self._inverse = _inverse(self._dynamics.inertia())
            self._levers = self._dynamics.levers(centres, self._moves)
            self._levers += _LEVER_GROWTH * self._moves
        self._looks += 1
        pairs = self._pairs(centres, boxes, velocities)
        if not len(pairs):
            return NO_CONTACT
        rows = self._dynamics.rows(
            centres[pairs.sphere], pairs.direction, self._moves[pairs.sphere]
        )
        mass = effective_mass(
            rows, self._inverse, payload=self._parameters.payload, fallback=self._heaviest
        )
        contacts = self._contacts(pairs, mass)
        allowed = self._allowed(pairs, contacts)
        built = np.zeros(len(pairs))
        if pairs.clamped.any():
            built = self._clamp(
                pairs, contacts, allowed, rows, lead=lead, stiffness_scale=stiffness_scale
            )
        return self._outlook(pairs, boxes, contacts, allowed, rows, velocities, built)

    def _pairs(self, centres: np.ndarray, boxes: Boxes, velocities: np.ndarray) -> Pairs:
        parameters, radius = self._parameters, self._spheres.radius
        joint_speed = np.abs(velocities).max(axis=0) + self._change
        fastest = self._levers @ np.minimum(joint_speed, self._velocity)
        pairs = near_pairs(centres, radius, boxes, fastest=fastest, nearness=self._nearness)
        clamping = clamping_pairs(
            pairs,
            centres,
            radius,
            self.furniture,
            reach=parameters.clamp_reach,
            within=parameters.clamp_distance,
        )
        return joined(pairs, clamping)

    def _contacts(self, pairs: Pairs, mass: np.ndarray) -> _Contacts:
        regions = self._regions
        touched = regions.touching(pairs.low, pairs.high, pairs.stature, pairs.head)
        body = np.where(pairs.clamped[:, None], np.inf, regions.mass)
        slope = impact_stiffness(mass[:, None], body, regions.spring)
        speed = np.where(touched, regions.transient / slope, np.inf)
        region = speed.argmin(axis=1)
        each = np.arange(len(region))
        return _Contacts(
            region, slope[each, region], regions.transient[region], speed[each, region]
        )

    def _allowed(self, pairs: Pairs, contacts: _Contacts) -> np.ndarray:
        """Speed of each sphere toward its person, shape (m,) [m/s]."""
        horizon, clearance = self._parameters.force_horizon, self._parameters.head_clearance
        allowed = contacts.speed + np.maximum(pairs.gap, 0.0) / horizon
        clear = np.maximum(pairs.gap - clearance, 0.0) / horizon
        allowed = np.where(pairs.head, np.minimum(allowed, clear), allowed)
        result: np.ndarray = np.maximum(allowed - pairs.approach, 0.0)
        return result

    def _clamp(
        self,
        pairs: Pairs,
        contacts: _Contacts,
        allowed: np.ndarray,
        rows: np.ndarray,
        *,
        lead: np.ndarray | None,
        stiffness_scale: float,
    ) -> np.ndarray:
        """Lower what is allowed to what the servos may build up between link and furniture.

        The servos are springs in series, kp each, with the body's: a set-point that goes on by x
        presses with ``x / (sum(row^2 / kp) + 1/k)``, until a drive is at its effort limit.

        Returns:
            Shape (m,), force per speed that is built up [N s/m]; 0 where nobody is clamped.
        """
        time, built = self._parameters.clamp_time, np.zeros(len(pairs))
        for pair in np.flatnonzero(pairs.clamped):
            row, region = rows[pair], int(contacts.region[pair])
            strength = float(
                np.min(self._dynamics.effort / np.maximum(np.abs(row), _TINY), initial=np.inf)
            )
            limit = float(self._regions.quasi_static[region])
            if strength <= limit or stiffness_scale <= 0.0:
                continue
            give = float(row @ (row / (self._dynamics.stiffness * stiffness_scale)))
            give += 1.0 / float(self._regions.spring[region])
            ahead = 0.0 if lead is None else max(0.0, float(row @ lead))
            built[pair] = time / give
            bound = max(0.0, limit * give - ahead) / time
            allowed[pair] = min(allowed[pair], bound)
        return built

    def _outlook(
        self,
        pairs: Pairs,
        boxes: Boxes,
        contacts: _Contacts,
        allowed: np.ndarray,
        rows: np.ndarray,
        velocities: np.ndarray,
        built: np.ndarray,
    ) -> ForceOutlook:
        # Joint speeds toward the person alone count: one that moves away may stop before the
        # others do.
        size = np.abs(rows)
        toward = np.maximum((rows * velocities[0]), 0.0)
        for velocity in velocities[1:]:
            np.maximum(toward, rows * velocity, out=toward)
        toward += size * self._change
        most = size * self._velocity
        speed = np.minimum(toward, most).sum(axis=1)
        excess = speed / np.maximum(allowed, _TINY)
        over = ~(speed <= allowed)
        scale = 1.0
        if over.any():
            scale = _largest_scale(toward[over], most[over], allowed[over])
        excess[np.isnan(excess)] = np.inf
        worst = int(excess.argmax())
        present = float(np.max(velocities @ rows[worst], initial=0.0))
        force = (present + float(pairs.approach[worst])) * float(contacts.slope[worst])
        limit, region = float(contacts.limit[worst]), int(contacts.region[worst])
        pressed = present * float(built[worst])
        if pressed / float(self._regions.quasi_static[region]) > force / limit:
            force, limit = pressed, float(self._regions.quasi_static[region])
        return ForceOutlook(
            speed_scale=scale,
            link=self._spheres.links[int(pairs.sphere[worst])],
            person=boxes.people[int(pairs.person[worst])].id,
            region=self._regions.regions[region].name,
            force=force,
            limit=limit,
            clamped=bool(pairs.clamped[worst]),
            distance=float(pairs.gap[worst]),
        )


def _largest_scale(toward: np.ndarray, most: np.ndarray, allowed: np.ndarray) -> float:
    """Nearly the largest scale s with ``sum(min(toward, s most)) <= allowed`` in every row.

    The sum is concave in s: Newton's steps from s = 0 come near its root from below and never go
    beyond it.
    """
    scale = np.zeros(len(allowed))
    rest, slope = allowed.copy(), most.sum(axis=1)
    for _ in range(NEWTON_STEPS):
        scale += np.maximum(rest, 0.0) / np.maximum(slope, _TINY)
        reached = most * scale[:, None]
        growing = reached < toward
        np.minimum(reached, toward, out=reached)
        rest = allowed - reached.sum(axis=1)
        slope = (most * growing).sum(axis=1)
    least = float(scale.min())
    return min(least, 1.0) if math.isfinite(least) else 0.0


def _inverse(inertia: np.ndarray) -> np.ndarray:
    """Inverse of an inertia matrix; NaN throughout if it has none, which the caller is told by."""
    try:
        return np.linalg.inv(inertia)
    except np.linalg.LinAlgError:
        return np.full_like(inertia, np.nan)
