"""What a fault is: how it is brought about, and what it may lead to. Pure data."""

from dataclasses import dataclass, field
from enum import Enum

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.state_machine import GRAVITY, State

SILENT = "SILENT"  # no safe command for 0.1 s: the gate is gone, and the driver holds the robot


class Group(Enum):
    """Kinds of faults, as the table shows them."""

    PROCESS = "process"
    MESSAGE = "message"
    CONTENT = "content"
    ROGUE = "rogue publisher"
    CLOCK = "clock"
    ENCODER = "encoder"
    PERSON = "person"
    CAMERA = "camera"
    FORECAST = "forecast"
    COMMAND = "command"
    ZONE = "zone"
    STOP = "emergency stop"
    MACHINE = "machine"


class Scene(Enum):
    """How the platform is started for a fault; the campaign starts each once."""

    PLAIN = "plain"
    RELAYED = "relayed"  # messages of the command path go through the injector
    CAMERAS = "cameras"  # pictures do
    REPLAYED = "replayed"  # a bag of an earlier run is at hand
    CLOCKS = "clocks"  # clocks of some processes can be set
    SMALL_DISK = "small disk"  # the folder for states and logs is full


class Recovery(Enum):
    """What it takes to work again once the fault is over."""

    BY_ITSELF = "by itself"
    RESET = "after a reset"
    EITHER = "by itself or after a reset"


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to a node; the runner starts it anew."""

    node: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """SIGSTOP to a node for ``seconds``; with ``for_ever`` it is killed afterwards."""

    node: str
    seconds: float
    for_ever: bool = False


@dataclass(frozen=True, slots=True)
class Slow:
    """SIGSTOP and SIGCONT in turn: the node runs for ``run`` of each ``run + rest`` seconds."""

    node: str
    run: float = 0.02
    rest: float = 0.08


@dataclass(frozen=True, slots=True)
class Relay:
    """The relays of topics do ``mode`` (see ``alterations``) with ``value``, all at once."""

    topics: tuple[str, ...]
    mode: str
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Rogue:
    """Somebody else writes a topic: ``content`` (see ``forgeries``) at ``rate`` [Hz]."""

    topic: str
    content: str
    rate: float = 200.0


@dataclass(frozen=True, slots=True)
class Play:
    """Somebody plays what was recorded of a topic in an earlier run."""

    topic: str


@dataclass(frozen=True, slots=True)
class SetClock:
    """The system clock, as one process sees it, steps by ``seconds``."""

    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Walk:
    """The person walks along floor points x, y [m], appearing at the first, with ``speed`` [m/s]."""

    waypoints: tuple[tuple[float, float], ...]
    speed: float = 1.0
    dwell: float = 0.2


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone is put in force, or must be refused: a box from ``low`` to ``high`` on the floor [m]."""

    zone_type: str
    low: tuple[float, float]
    high: tuple[float, float]
    height: tuple[float, float] = (0.0, 2.5)
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asks for a stop of this category."""

    category: int


@dataclass(frozen=True, slots=True)
class Flood:
    """Many large messages on a topic of nobody's: ``rate`` [Hz] of ``size`` bytes."""

    rate: float
    size: int


@dataclass(frozen=True, slots=True)
class Burn:
    """Busy loops take the processor."""

    processes: int


@dataclass(frozen=True, slots=True)
class FillDisk:
    """The folder of states and logs runs full."""


Action = (
    Kill
    | Freeze
    | Slow
    | Relay
    | Rogue
    | Play
    | SetClock
    | Walk
    | Zone
    | Stop
    | Flood
    | Burn
    | FillDisk
)

REST = "rest"
WAVE = "wave"
JOB = "job:"  # + id of the skill during which the fault comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        name: Short name, unique.
        group: Kind.
        doc: One sentence.
        actions: What is done, in order.
        expected: States of which the gravest seen must be one; ``SILENT`` = no safe command.
        codes: At least one of these must be among the reasons; empty = any.
        bound: Ticks (ms) until one of ``expected`` other than NORMAL must be seen, or, where the
            gate is silent, until the robot stands; ``None`` = nothing need happen.
        motion: ``REST``, ``WAVE`` or ``JOB`` + id of a skill.
        scene: How the platform is started.
        before: Actions that come first, with ``lead`` seconds in between; not part of the fault.
        lead: [s].
        seconds: How long it lasts [s].
        recovery: What it takes to work again.
        stands: Whether the robot must stand within ``bound`` + 500 ms.
    """

    name: str
    group: Group
    doc: str
    actions: tuple[Action, ...]
    expected: frozenset[str]
    codes: frozenset[ErrorCode] = field(default_factory=frozenset)
    bound: int | None = None
    motion: str = WAVE
    scene: Scene = Scene.PLAIN
    before: tuple[Action, ...] = ()
    lead: float = 0.0
    seconds: float = 2.0
    recovery: Recovery = Recovery.BY_ITSELF
    stands: bool = False


def states(*names: State | str) -> frozenset[str]:
    """Names of states, for ``Fault.expected``."""
    return frozenset(name.name if isinstance(name, State) else name for name in names)


def gravest(names: frozenset[str] | set[str]) -> str:
    """The gravest of the names of states; a silent gate is as grave as a fault of it.

    Raises:
        ValueError: If there is none.
    """
    return max(names, key=gravity)


def gravity(name: str) -> float:
    """How grave a state is; ``SILENT`` lies between FAULT and EMERGENCY_STOP."""
    return GRAVITY[State.FAULT] + 0.5 if name == SILENT else float(GRAVITY[State[name]])
