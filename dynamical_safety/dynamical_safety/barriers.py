"""Barriers: what the joint velocity must satisfy so that nothing comes too near to anything.

A barrier is a distance d of a link to another link or to an obstacle, its gradient over the joints
and the margin it is kept from. They are measured some hundred times a second; in between they are
carried on by their gradients.

What is far is measured between capsules, all at once; what is near, between the shapes inside
them. Gradients need no Jacobians: a joint turns about a line, and the distance changes with it by
the reciprocal product of that line and the line between the two nearest points, in Pluecker
coordinates (Lynch and Park 2017, "Modern Robotics", 3.4 and 5.2). One matrix product for all.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_safety.capsule_robot import CapsuleRobot, cross
from dynamical_safety.distances import box_gaps, segment_gaps
from dynamical_safety.obstacles import ObstacleKind, ObstacleTable
from dynamical_safety.parameters import SafetyGateParameters

# Below this room capsules are too coarse, and the shapes in them are measured [m].
EXACT_BELOW = 0.025
# Pairs of shapes measured so at most, of more the nearest: each costs microseconds.
MOST_EXACT = 24
# What links that touch at rest may come nearer to each other than they are there [m].
REST_SLACK = 0.005
# Longest time that people are carried on between two measurements [s].
LONGEST_GAP = 0.050

_SAME_PLACE = 1e-6  # nearest points closer than this give no direction [m]


@dataclass(frozen=True, slots=True)
class BarrierSet:
    """The k nearest barriers at one posture.

    Attributes:
        position: Shape (n,), the posture, robot joint order [rad].
        gradient: Shape (k, n), change of each distance with the joints [m/rad].
        distance: Shape (k,) [m].
        room: Shape (k,), distance less margin [m].
        approach: Shape (k,), speed at which an obstacle comes nearer by itself [m/s].
        link: Shape (k,), capsule on the robot's side.
        other: Shape (k,), the other capsule, or c plus the obstacle's index.
        links: Link of each of the c capsules.
        obstacles: What the obstacles were.
        left_out: Barriers in range that there was no place for, farther off than all others.
    """

    position: np.ndarray
    gradient: np.ndarray
    distance: np.ndarray
    room: np.ndarray
    approach: np.ndarray
    link: np.ndarray
    other: np.ndarray
    links: tuple[str, ...]
    obstacles: ObstacleTable
    left_out: int

    def __len__(self) -> int:
        return len(self.distance)

    def names(self, row: int) -> tuple[str, str]:
        """Link and what it is kept away from."""
        other, count = int(self.other[row]), len(self.links)
        name = self.links[other] if other < count else self.obstacles.names[other - count]
        return self.links[int(self.link[row])], name

    def rows(self, kind: ObstacleKind | None) -> np.ndarray:
        """Barriers to obstacles of a kind; ``None`` = between links. Shape (r,), indices."""
        obstacle = self.other - len(self.links)
        if kind is None:
            return np.flatnonzero(obstacle < 0)
        kinds = np.append(self.obstacles.kind, -1)
        return np.flatnonzero(kinds[np.maximum(obstacle, -1)] == kind)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Candidates as columns: link, other, distance, margin, approach, point, normal."""

    link: np.ndarray
    other: np.ndarray
    distance: np.ndarray
    room: np.ndarray
    approach: np.ndarray
    point: np.ndarray
    normal: np.ndarray

    def take(self, rows: np.ndarray) -> "_Pairs":
        return _Pairs(
            self.link[rows],
            self.other[rows],
            self.distance[rows],
            self.room[rows],
            self.approach[rows],
            self.point[rows],
            self.normal[rows],
        )

    def join(self, more: "_Pairs") -> "_Pairs":
        return _Pairs(
            np.concatenate([self.link, more.link]),
            np.concatenate([self.other, more.other]),
            np.concatenate([self.distance, more.distance]),
            np.concatenate([self.room, more.room]),
            np.concatenate([self.approach, more.approach]),
            np.concatenate([self.point, more.point]),
            np.concatenate([self.normal, more.normal]),
        )


class RobotBarriers:
    """Measures all barriers of one robot.

    Arms with their hands are kept from the rest of the robot and from each other; arms, trunk and
    head from obstacles. Legs stand: they are kept from nothing by themselves.

    Args:
        robot: Where the links are.
        parameters: Margins and ranges.
        exact_below: Room below which shapes are measured and not their capsules [m].
    """

    def __init__(
        self,
        robot: CapsuleRobot,
        parameters: SafetyGateParameters,
        *,
        exact_below: float = EXACT_BELOW,
    ) -> None:
        self.robot = robot
        self._parameters = parameters
        self._exact_below = exact_below
        self._count = len(robot.capsules.links)
        # An obstacle is moved by no joint: its row comes last, where its index is brought to.
        self._moves = np.concatenate([robot.moves, robot.moves[:1] & False]).astype(float)
        self._reaching = np.flatnonzero((robot.moves & robot.free).any(axis=1))
        self._margins = np.where(
            robot.hand, parameters.barrier_margin_hand, parameters.barrier_margin_arm
        )
        self._time = -np.inf
        self._pair()

    def _pair(self) -> None:
        """Which capsules are kept from each other, and how far."""
        robot = self.robot
        first, second = np.triu_indices(self._count, 1)
        wanted = robot.limb[first] | robot.limb[second]
        wanted &= ~(robot.moves[first] & robot.moves[second] & robot.limb_joints).any(axis=1)
        wanted &= ~robot.adjacent(first, second)
        first, second = first[wanted], second[wanted]
        # Arms first, so that a barrier is named after what moves.
        swap = ~robot.limb[first]
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        self._first, self._second = first, second
        self._flat = first * self._count + second
        self._radius = robot.capsules.radius[first] + robot.capsules.radius[second]
        gaps, _, _ = segment_gaps(
            robot.start[first], robot.along[first], robot.start[second], robot.along[second]
        )
        # Links that touch at rest are kept from coming nearer than there.
        margin = self._parameters.barrier_margin_self
        rest = gaps - self._radius - REST_SLACK
        self._pair_margin = np.minimum(margin, rest)
        self._near = robot.size[first] + robot.size[second] + self._pair_margin
        self._near += self._parameters.barrier_range
        shapes = robot.capsules.geom
        self._exact_margin: dict[tuple[int, int], float] = {}
        for pair in np.flatnonzero(rest < margin).tolist():
            key = int(shapes[first[pair]]), int(shapes[second[pair]])
            self._exact_margin[key] = min(margin, robot.shape_gap(*key)[0] - REST_SLACK)

    def measure(self, position: np.ndarray, obstacles: ObstacleTable, now: float) -> BarrierSet:
        """All barriers at a posture.

        Args:
            position: Shape (n,), robot joint order, finite [rad].
            obstacles: What is around, at ``now``.
            now: Time [s], a clock that only grows.
        """
        self.robot.place(position)
        gap = min(max(now - self._time, 0.0), LONGEST_GAP)
        self._time = now
        pairs = self._between_links()
        if len(obstacles.names):
            pairs = pairs.join(self._to_obstacles(obstacles, gap))
        # Who comes nearer by itself counts as nearer.
        urgency = pairs.room - pairs.approach / self._parameters.barrier_rate
        order = urgency.argsort()[: self._parameters.barrier_count]
        left_out = len(urgency) - len(order)
        pairs = self._exact(pairs.take(order), obstacles)
        moment = cross(pairs.point.T, pairs.normal.T)
        line = np.concatenate([moment, pairs.normal.T]).T
        moves = self._moves[pairs.link] - self._moves[np.minimum(pairs.other, self._count)]
        return BarrierSet(
            position=position.copy(),
            gradient=moves * (line @ self.robot.screws()),
            distance=pairs.distance,
            room=pairs.room,
            approach=pairs.approach,
            link=pairs.link,
            other=pairs.other,
            links=self.robot.capsules.links,
            obstacles=obstacles,
            left_out=left_out,
        )

    def _between_links(self) -> _Pairs:
        robot, middle = self.robot, self.robot.middle
        square = np.einsum("ck,ck->c", middle, middle)
        apart = middle @ middle.T
        apart *= -2.0
        apart += square
        apart += square[:, None]
        # Spheres around the capsules sort out most pairs.
        near = np.flatnonzero(apart.ravel()[self._flat] < self._near * self._near)
        first, second = self._first[near], self._second[near]
        gaps, point, normal = segment_gaps(
            robot.start[first], robot.along[first], robot.start[second], robot.along[second]
        )
        distance = gaps - self._radius[near]
        room = distance - self._pair_margin[near]
        return _Pairs(first, second, distance, room, np.zeros(len(near)), point, normal)

    def _to_obstacles(self, obstacles: ObstacleTable, gap: float) -> _Pairs:
        parameters, robot, reaching = self._parameters, self.robot, self._reaching
        speed = np.sqrt(np.einsum("ok,ok->o", obstacles.velocity, obstacles.velocity))
        reach = obstacles.margin + speed / parameters.barrier_rate + parameters.barrier_range
        reach += np.where(
            obstacles.kind == ObstacleKind.PERSON, parameters.barrier_margin_person, 0.0
        )
        apart = np.zeros((len(obstacles.names), len(reaching)))
        middle = robot.middle[reaching]
        for axis in range(3):
            past = np.abs(middle[:, axis] - obstacles.centre[:, axis, None])
            past -= obstacles.half[:, axis, None]
            np.maximum(past, 0.0, out=past)
            past *= past
            apart += past
        limit = reach[:, None] + (robot.size + self._margins)[reaching]
        obstacle, column = np.nonzero(apart < limit * limit)
        link = reaching[column]
        gaps, point, normal = box_gaps(
            robot.start[link],
            robot.along[link],
            obstacles.centre[obstacle],
            obstacles.half[obstacle],
        )
        distance = gaps - robot.capsules.radius[link]
        kind = obstacles.kind[obstacle]
        margin = self._margins[link]
        margin = np.where(kind == ObstacleKind.PERSON, parameters.barrier_margin_person, margin)
        margin = np.where(kind == ObstacleKind.ZONE, parameters.barrier_margin_zone, margin)
        approach = np.einsum("mk,mk->m", obstacles.velocity[obstacle], normal)
        np.maximum(approach, 0.0, out=approach)
        # Until the next measurement they come nearer still.
        room = distance - margin - obstacles.margin[obstacle] - approach * gap
        return _Pairs(link, obstacle + self._count, distance, room, approach, point, normal)

    def _exact(self, pairs: _Pairs, obstacles: ObstacleTable) -> _Pairs:
        """The same pairs; those that are near measured between shapes, each two shapes once.

        People are left as they are: their boxes are coarser than any capsule.
        """
        near = np.flatnonzero(pairs.room < self._exact_below).tolist()
        robot, count = self.robot, self._count
        done: set[tuple[int, int]] = set()
        keep = np.ones(len(pairs.room), dtype=bool)
        for row in near:
            link, other = int(pairs.link[row]), int(pairs.other[row]) - count
            shape = int(robot.capsules.geom[link])
            margin = float(pairs.distance[row] - pairs.room[row])
            if other < 0:
                key = shape, int(robot.capsules.geom[other + count])
            elif obstacles.kind[other] == ObstacleKind.PERSON:
                continue
            else:
                key = shape, -1 - other
            if key in done:
                keep[row] = False
                continue
            if len(done) == MOST_EXACT:
                continue
            done.add(key)
            if other < 0:
                gap, ends = robot.shape_gap(*key)
                margin = self._exact_margin.get(key, margin)
            else:
                gap, ends = robot.box_gap(shape, obstacles.centre[other], obstacles.half[other])
            pairs.distance[row], pairs.room[row] = gap, gap - margin
            if abs(gap) > _SAME_PLACE:
                pairs.point[row] = ends[:3]
                pairs.normal[row] = (ends[:3] - ends[3:]) / gap
        return pairs.take(np.flatnonzero(keep))
