"""Every number of the safety watchdog, with unit and range. The only place where a default stands."""

from dataclasses import dataclass

from dynamical_interfaces.parameters import param


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyWatchdogParameters:
    """Parameters of the node ``safety_watchdog``; the pure code takes the same object."""

    # --- the gate -------------------------------------------------------------------------------
    command_max_age: float = param(
        0.020, "Age at which a safe command is no sign of life", unit="s", low=0.005, high=0.1
    )
    command_stall: float = param(
        0.040,
        "Time without a newer safe command that withdraws the permit",
        unit="s",
        low=0.01,
        high=0.2,
    )
    grant_after: float = param(
        0.100, "Time all must be well before the permit is given", unit="s", low=0.0, high=5.0
    )
    status_silence: float = param(
        0.5,
        "Time without a newer status of the gate that withdraws the permit",
        unit="s",
        low=0.05,
        high=5.0,
    )
    obey_within: float = param(
        0.5,
        "Time the gate may take to stop when a stop is demanded, before its permit is withdrawn",
        unit="s",
        low=0.1,
        high=5.0,
    )
    late_share_throttle: float = param(
        0.02,
        "Share of late ticks of the gate at which lower tiers give up compute",
        low=0.0,
        high=1,
    )
    late_share_reduced: float = param(
        0.5, "Share of late ticks of the gate at which the robot is slowed", low=0.0, high=1.0
    )
    gate_rate_reduced: float = param(
        500.0,
        "Ticks of the gate per second below which the robot is slowed",
        unit="Hz",
        low=0.0,
        high=1000.0,
    )

    # --- the nodes ------------------------------------------------------------------------------
    node_pause: float = param(
        0.5, "Silence of a node that demands a protective stop", unit="s", low=0.2, high=5.0
    )
    node_loss: float = param(
        2.0,
        "Silence of a node of the command path that demands a controlled stop",
        unit="s",
        low=0.5,
        high=30.0,
    )

    trusted_writers: tuple[str, ...] = param(
        (),
        "Nodes beyond the graph contract that may write what safety rests on, e.g. a player of bags",
    )

    # --- the machine ----------------------------------------------------------------------------
    clock_jump: float = param(
        0.050, "Smallest jump of the system clock that counts", unit="s", low=0.01, high=10.0
    )
    clock_hold: float = param(
        1.0, "Time the robot stands after a jump of the clock", unit="s", low=0.1, high=30.0
    )
    memory_throttle: float = param(
        0.10, "Share of free memory below which lower tiers are throttled", low=0.0, high=1.0
    )
    memory_stop: float = param(
        0.05, "Share of free memory below which the robot stops", low=0.0, high=1.0
    )
    temperature_reduced: float = param(
        90.0, "Temperature above which the robot is slowed", unit="degC", low=0.0, high=150.0
    )
    temperature_stop: float = param(
        100.0, "Temperature above which the robot stops", unit="degC", low=0.0, high=150.0
    )
    resources_max_age: float = param(
        5.0, "Age at which memory counts as unknown, and so as low", unit="s", low=1.0, high=60.0
    )
    throttle_step: float = param(
        5.0, "Time between two steps of the throttle", unit="s", low=0.1, high=60.0
    )

    # --- itself ---------------------------------------------------------------------------------
    own_stall: float = param(
        0.045, "Longest tick of the watchdog's own that is borne", unit="s", low=0.01, high=0.2
    )
    settle: float = param(
        0.5,
        "Time a stall must be over before nothing is demanded for it",
        unit="s",
        low=0,
        high=10,
    )
