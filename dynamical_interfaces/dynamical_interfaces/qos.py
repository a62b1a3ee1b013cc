"""The six quality-of-service profiles of the graph, named by use.

Pure data, so that documentation and tests read it without ROS. ``runtime.node`` turns a profile into
rclpy's own class; nothing else does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """One quality-of-service profile.

    Attributes:
        name: What the profile is called in tables.
        reliable: Lost samples are sent again.
        latched: A late reader gets the newest samples (durability transient local).
        depth: Samples kept on either side.
        deadline: Longest time between two samples [s]; ``None`` = no promise.
        lifespan: Age at which a sample is worthless and dropped [s]; ``None`` = never.
        liveliness_lease: Time after which a silent writer counts as dead [s]; ``None`` = never.
    """

    name: str
    reliable: bool
    latched: bool
    depth: int
    deadline: float | None = None
    lifespan: float | None = None
    liveliness_lease: float | None = None


# Newest value or nothing: a late command is worse than a lost one.
SAFETY = Profile("SAFETY", False, False, 1, deadline=0.020, lifespan=0.020, liveliness_lease=0.100)
CONTROL = Profile("CONTROL", False, False, 1, deadline=0.050, lifespan=0.050)
SENSOR = Profile("SENSOR", False, False, 2)
# What is true until told otherwise; late joiners get it.
STATE = Profile("STATE", True, True, 1)
# Each one counts.
EVENT = Profile("EVENT", True, False, 50)
# Large or slow, delivered when there is time.
BULK = Profile("BULK", True, False, 10)

PROFILES = (SAFETY, CONTROL, SENSOR, STATE, EVENT, BULK)
