"""Every number of the safety gate, with unit and range. The only place where a default stands."""

from dataclasses import dataclass

from dynamical_interfaces.parameters import param


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyGateParameters:
    """Parameters of the node ``safety_gate``; the pure code takes the same object."""

    robot_urdf: str = param("", "URDF of the robot: joint order and limits")
    robot_mjcf: str = param("", "MJCF of the robot: where its links are")
    state_dir: str = param(
        "", "Folder where zones and hazards are kept, and their changes audited; empty = not kept"
    )

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
    arm_jerk: float = param(
        2000.0,
        "Largest jerk of arm, waist and leg joints",
        unit="rad/s^3",
        low=1.0,
        high=100_000,
    )
    finger_jerk: float = param(
        20_000.0, "Largest jerk of finger joints", unit="rad/s^3", low=1.0, high=1_000_000
    )
    # 80 W is the largest dynamic power of ISO 10218-1:2006, 5.10.5, there of the whole flange.
    arm_power: float = param(
        80.0,
        "Largest feed-forward torque times speed of arm, waist and leg joints",
        unit="W",
        low=0.0,
        high=2000,
    )
    finger_power: float = param(
        15.0,
        "Largest feed-forward torque times speed of finger joints",
        unit="W",
        low=0.0,
        high=200,
    )
    feed_forward_share: float = param(
        0.2,
        "Part of a motor's torque that a command may add to its controller's",
        low=0.0,
        high=1.0,
    )
    limits_overlay: str = param("", "YAML file that tightens joint limits; empty = none")
    reduced_velocity: float = param(
        0.5, "Factor on the speed limits in reduced mode", low=0.01, high=1.0
    )
    reduced_acceleration: float = param(
        0.5, "Factor on the acceleration limits in reduced mode", low=0.01, high=1.0
    )
    reduced_jerk: float = param(
        0.5, "Factor on the jerk limits in reduced mode", low=0.01, high=1.0
    )
    reduced_effort: float = param(
        1.0, "Factor on the effort limits in reduced mode", low=0.0, high=1.0
    )
    reduced_power: float = param(
        0.5, "Factor on the power limits in reduced mode", low=0.0, high=1.0
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
        1.0, "Distance below which reports call a person near", unit="m", low=0.1, high=5.0
    )
    stop_distance: float = param(
        0.30,
        "Smallest protective distance at which the robot may move at all, errors apart",
        unit="m",
        low=0.05,
        high=5.0,
    )
    resume_margin: float = param(
        0.15, "Distance beyond stop_distance at which it may go on", unit="m", low=0.0, high=2.0
    )
    resume_delay: float = param(
        0.5, "Time the cause of a protective stop must be gone", unit="s", low=0.0, high=10.0
    )
    reaction_time: float = param(
        0.10, "Time from a look around to the begin of braking", unit="s", low=0.0, high=2.0
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
    people_near: int = param(
        10,
        "People looked at for separation and force, those who could be here first",
        low=1,
        high=100,
    )
    speed_rise: float = param(
        2.0, "How fast the speed scale may rise", unit="1/s", low=0.05, high=100.0
    )

    # --- separation -----------------------------------------------------------------------------
    stopping_file: str = param(
        "", "YAML of the robot's stopping behaviour; empty = the one shipped for the Unitree G1"
    )
    stopping_margin: float = param(
        1.1, "Factor on stopping times and distances measured in simulation", low=1.0, high=5.0
    )
    working_speed: float = param(
        0.5,
        "Speed of the fastest link that a speed scale of 1 stands for near people",
        unit="m/s",
        low=0.05,
        high=5.0,
    )
    person_speed: float = param(
        1.6,
        "Speed of a person whose track is not good enough to know better",
        unit="m/s",
        low=0.1,
        high=5.0,
    )
    arm_reach: float = param(
        0.20,
        "How far a hand that is not seen may come out of the person's box",
        unit="m",
        low=0.0,
        high=2.0,
    )
    hand_speed: float = param(
        2.0, "Speed of a hand that is seen, whatever it did before", unit="m/s", low=0.1, high=10.0
    )
    track_age: float = param(
        0.4, "Age up to which a track's velocity is believed", unit="s", low=0.0, high=5.0
    )
    track_deviation: float = param(
        0.15,
        "Deviation of the position up to which a track is good",
        unit="m",
        low=0.0,
        high=2.0,
    )
    track_speed_deviation: float = param(
        0.5,
        "Deviation of the velocity up to which a track is good",
        unit="m/s",
        low=0.0,
        high=5.0,
    )
    track_confidence: float = param(
        0.3, "Confidence from which a track is good", low=0.0, high=1.0
    )
    deviation_factor: float = param(
        2.0, "Deviations of a track's position that count as its error", low=1.0, high=5.0
    )
    robot_uncertainty: float = param(0.01, "Error of where a link is", unit="m", low=0.0, high=0.2)

    # --- forecast -------------------------------------------------------------------------------
    forecast_horizon: float = param(
        0.5, "How far ahead forecasts are looked at", unit="s", low=0.05, high=5.0
    )
    forecast_voters: tuple[str, ...] = param(
        ("backup",), "Learned forecasters that must be heard; each silent one counts as an alarm"
    )
    forecast_weights: tuple[float, ...] = param(
        (1.0,), "Weight of each of forecast_voters; the analytic one has 1", low=0.0, high=10.0
    )
    forecast_stop_weight: float = param(
        2.0, "Weight of alarms that stops the robot", low=0.1, high=100.0
    )
    forecast_validity: float = param(
        0.7,
        "Age of the observation behind a forecast beyond which its voter is missing",
        unit="s",
        low=0.05,
        high=5.0,
    )
    forecast_missing: float = param(
        1.0, "Time after the start until voters must have been heard", unit="s", low=0.1, high=10
    )
    forecast_hold: float = param(
        0.3, "Time an alarm lasts after it was last heard", unit="s", low=0.0, high=5.0
    )
    forecast_missing_speed: float = param(
        0.25,
        "Speed scale allowed while a voter is missing; never more than under an alarm",
        low=0.0,
        high=1.0,
    )
    forecast_alarm: float = param(
        0.3, "Collision probability that counts as an alarm", low=0.01, high=1.0
    )
    forecast_alarm_speed: float = param(
        0.25, "Speed scale allowed under a forecast alarm", low=0.0, high=1.0
    )

    # --- hazards --------------------------------------------------------------------------------
    hazard_margin: float = param(
        0.1,
        "Error of a hazard's place, added to its clearance",
        unit="m",
        low=0.0,
        high=2.0,
    )
    hazard_lookahead: float = param(
        0.5,
        "How far ahead a hazard that moves is looked for",
        unit="s",
        low=0.0,
        high=5.0,
    )
    hazard_memory: float = param(
        2.0,
        "Time a hazard that is no longer seen is still believed in",
        unit="s",
        low=0.0,
        high=60.0,
    )

    # --- force and contact ----------------------------------------------------------------------
    force_distance: float = param(
        1.0,
        "Distance of a person within which links are held to permissible forces",
        unit="m",
        low=0.1,
        high=5.0,
    )
    force_horizon: float = param(
        0.5, "Time in which a link slows to the permissible speed", unit="s", low=0.05, high=5.0
    )
    head_clearance: float = param(
        0.15, "Distance from a head at which no link comes nearer", unit="m", low=0.0, high=1.0
    )
    contact_area: float = param(
        2.0, "Area over which a link presses in a contact", unit="cm^2", low=0.1, high=100.0
    )
    payload: float = param(
        0.3, "Mass that a hand may carry, added to every link's", unit="kg", low=0.0, high=20.0
    )
    clamp_distance: float = param(
        0.1,
        "Gap between link and furniture in which a hand can be caught",
        unit="m",
        low=0.0,
        high=1.0,
    )
    clamp_reach: float = param(
        0.3, "Reach of a person's hands beyond the box", unit="m", low=0.0, high=2.0
    )
    clamp_time: float = param(
        0.1, "Time until pressing on something is felt and ends", unit="s", low=0.01, high=1.0
    )
    contact_gain: float = param(
        60.0, "Gain of the momentum observer", unit="1/s", low=1.0, high=250.0
    )
    contact_strong: float = param(
        2.5, "Part of the contact threshold from which a contact is strong", low=1.0, high=100.0
    )
    contact_pressed: float = param(
        1.0, "Time after which a light contact counts as strong", unit="s", low=0.05, high=60.0
    )

    # --- plausibility of joint states -----------------------------------------------------------
    plausible_noise: float = param(
        0.003, "Largest noise of a measured position", unit="rad", low=1e-5, high=0.1
    )
    plausible_slip: float = param(
        0.03,
        "Farthest positions may part from measured velocities in 0.1 s",
        unit="rad",
        low=1e-3,
        high=1.0,
    )
    plausible_freeze: float = param(
        0.05,
        "Set-point travel in which a measured position must change at all",
        unit="rad",
        low=1e-3,
        high=1.0,
    )
    plausible_bias: float = param(
        0.04,
        "Distance from the set-point at rest that the effort need not explain",
        unit="rad",
        low=1e-3,
        high=1.0,
    )

    # --- supervision ----------------------------------------------------------------------------
    require_supervision: bool = param(
        True, "Move only under the watchdog's eyes; false only where there is no watchdog"
    )
    supervision_pause: float = param(
        0.2, "Silence of the watchdog that stops the robot", unit="s", low=0.06, high=2.0
    )

    tick_overrun: float = param(
        0.05, "Time between two ticks that stops the robot", unit="s", low=0.005, high=1.0
    )
    camera_disagreement: float = param(
        0.3,
        "Deviation of a person's place from which cameras count as disagreeing",
        unit="m",
        low=0.05,
        high=5.0,
    )

    # --- constraint filter ----------------------------------------------------------------------
    barrier_margin_self: float = param(
        0.010, "Distance kept between links", unit="m", low=0.0, high=0.2
    )
    barrier_margin_hand: float = param(
        0.005, "Distance hands keep from furniture and things", unit="m", low=0.0, high=0.5
    )
    barrier_margin_arm: float = param(
        0.020, "Distance all other links keep from them", unit="m", low=0.0, high=0.5
    )
    barrier_margin_person: float = param(
        0.10, "Distance links keep from people as the last resort", unit="m", low=0.0, high=2.0
    )
    barrier_margin_zone: float = param(
        0.0, "Distance links keep from keep-out zones", unit="m", low=0.0, high=2.0
    )
    barrier_rate: float = param(
        8.0,
        "Approach speed allowed for each metre beyond the margin; at most acceleration limit by "
        "speed limit, or joints cannot slow down in time",
        unit="1/s",
        low=0.5,
        high=50.0,
    )
    barrier_recovery: float = param(
        0.05,
        "Speed at which what has come too near is moved apart while the robot moves anyway",
        unit="m/s",
        low=0.0,
        high=0.5,
    )
    barrier_range: float = param(
        0.20, "Distance beyond the margin that is looked at", unit="m", low=0.02, high=1.0
    )
    barrier_count: int = param(64, "Barriers kept, the nearest of all", low=8, high=512)
    barrier_time_limit: float = param(
        0.002, "Time after which the solver gives up", unit="s", low=1e-4, high=0.1
    )

    # --- start ----------------------------------------------------------------------------------
    settle_time: float = param(
        0.3, "Time all inputs must be fresh before anything moves", unit="s", low=0.0, high=10.0
    )
    stiffness_rise: float = param(
        2.0, "How fast stiffness returns after an emergency stop", unit="1/s", low=0.1, high=100.0
    )
