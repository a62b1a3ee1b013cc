"""Every number of the safety gate, with unit and range. The only place where a default stands."""

from dataclasses import dataclass

from dynamical_interfaces.parameters import param


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyGateParameters:
    """Parameters of the node ``safety_gate``; the pure code takes the same object."""

    robot_urdf: str = param("", "URDF of the robot: joint order and limits")
    robot_mjcf: str = param("", "MJCF of the robot: where its links are")
    state_dir: str = param("", "Folder where zones are kept over a restart; empty = not kept")

    # --- joints ---------------------------------------------------------------------------------
    finger_pattern: str = param("_hand_", "Regular expression of finger joints")
    leg_pattern: str = param("hip|knee|ankle", "Regular expression of leg joints")
    arm_speed: float = param(
        2.0, "Largest speed of arm and waist joints", unit="rad/s", low=0.01, high=20.0
    )
    finger_speed: float = param(
        6.0, "Largest speed of finger joints", unit="rad/s", low=0.01, high=20.0
    )
    leg_speed: float = param(0.5, "Largest speed of leg joints", unit="rad/s", low=0.01, high=20.0)
    arm_acceleration: float = param(
        20.0,
        "Largest acceleration of arm, waist and leg joints",
        unit="rad/s^2",
        low=0.1,
        high=500,
    )
    finger_acceleration: float = param(
        100.0, "Largest acceleration of finger joints", unit="rad/s^2", low=0.1, high=1000
    )
    position_margin: float = param(
        0.0, "Distance kept from the hard stops of the URDF", unit="rad", low=0.0, high=0.5
    )
    jump: float = param(
        0.5, "Farthest a command may lie from the present set-point", unit="rad", low=0.01, high=4
    )
    finger_jump: float = param(1.0, "The same for finger joints", unit="rad", low=0.01, high=4.0)
    tracking_error: float = param(
        0.35,
        "Largest set-point minus measured position, fingers apart",
        unit="rad",
        low=0.01,
        high=4,
    )
    tracking_error_time: float = param(
        1.0, "Time a larger tracking error is borne", unit="s", low=0.01, high=10.0
    )

    # --- ages -----------------------------------------------------------------------------------
    command_max_age: float = param(
        0.050, "Age at which a requested command is refused", unit="s", low=0.005, high=0.5
    )
    command_ahead: float = param(
        0.020, "How far ahead of now a command's stamp may lie", unit="s", low=0.0, high=0.1
    )
    extrapolation: float = param(
        0.010, "Longest time a command is carried on by its velocity", unit="s", low=0.0, high=0.02
    )
    command_pause: float = param(
        0.100, "Silence of requested commands that stops the robot", unit="s", low=0.01, high=1.0
    )
    command_loss: float = param(
        1.0, "Silence of requested commands that asks for a reset", unit="s", low=0.1, high=10.0
    )
    joints_pause: float = param(
        0.060, "Age of joint states that stops the robot", unit="s", low=0.005, high=0.5
    )
    joints_loss: float = param(
        0.500, "Age of joint states that is a fault", unit="s", low=0.05, high=2.0
    )
    tracks_pause: float = param(
        0.7, "Age of tracks that stops the robot", unit="s", low=0.1, high=5.0
    )
    tracks_loss: float = param(
        2.5, "Age of tracks that asks for a reset", unit="s", low=0.2, high=5.0
    )

    # --- people ---------------------------------------------------------------------------------
    slow_distance: float = param(
        1.0, "Protective distance below which the robot slows", unit="m", low=0.1, high=5.0
    )
    stop_distance: float = param(
        0.45, "Protective distance at which the robot stands still", unit="m", low=0.05, high=5.0
    )
    resume_margin: float = param(
        0.15, "Distance beyond stop_distance at which it may go on", unit="m", low=0.0, high=2.0
    )
    resume_delay: float = param(
        0.5, "Time the cause of a protective stop must be gone", unit="s", low=0.0, high=10.0
    )
    reaction_time: float = param(
        0.20, "Time from seeing to standing still", unit="s", low=0.0, high=2.0
    )
    person_uncertainty: float = param(
        0.05, "Error of a person's box, added to the track's own", unit="m", low=0.0, high=1.0
    )
    person_acceleration: float = param(
        2.0, "How a person may change speed unseen", unit="m/s^2", low=0.0, high=20.0
    )
    person_memory: float = param(
        1.0,
        "Time a person who is no longer seen is still believed in",
        unit="s",
        low=0.0,
        high=5.0,
    )
    person_width: float = param(
        0.35, "Smallest width of a person's box", unit="m", low=0.0, high=2.0
    )
    speed_rise: float = param(
        2.0, "How fast the speed scale may rise", unit="1/s", low=0.05, high=100.0
    )

    # --- forecast -------------------------------------------------------------------------------
    forecast_horizon: float = param(
        0.5, "How far ahead forecasts are looked at", unit="s", low=0.05, high=5.0
    )
    forecast_validity: float = param(
        0.5, "Age up to which a forecast is used", unit="s", low=0.05, high=5.0
    )
    forecast_missing: float = param(
        1.0, "Time without a forecast that makes the gate more careful", unit="s", low=0.1, high=10
    )
    forecast_missing_speed: float = param(
        0.5, "Speed scale allowed without a forecast", low=0.0, high=1.0
    )
    forecast_alarm: float = param(
        0.5, "Collision probability that counts as an alarm", low=0.01, high=1.0
    )
    forecast_alarm_speed: float = param(
        0.25, "Speed scale allowed under a forecast alarm", low=0.0, high=1.0
    )

    # --- start ----------------------------------------------------------------------------------
    settle_time: float = param(
        0.3, "Time all inputs must be fresh before anything moves", unit="s", low=0.0, high=10.0
    )
    stiffness_rise: float = param(
        2.0, "How fast stiffness returns after an emergency stop", unit="1/s", low=0.1, high=100.0
    )
