"""The six quality-of-service profiles of the graph, named by use.

Pure data, so that documentation and tests read it without ROS. ``runtime.node`` turns a profile into
rclpy's own class; nothing else does.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
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
    depth: int
    reliable: bool = False
    latched: bool = False
    deadline: float | None = None
    lifespan: float | None = None
    liveliness_lease: float | None = None


# Newest value or nothing: a late command is worse than a lost one.
SAFETY = Profile(name="SAFETY", depth=1, deadline=0.020, lifespan=0.020, liveliness_lease=0.100)
CONTROL = Profile(name="CONTROL", depth=1, deadline=0.050, lifespan=0.050)
SENSOR = Profile(name="SENSOR", depth=2)
# What is true until told otherwise; late joiners get it.
STATE = Profile(name="STATE", depth=1, reliable=True, latched=True)
# Each one counts.
EVENT = Profile(name="EVENT", depth=50, reliable=True)
# Large or slow, delivered when there is time.
BULK = Profile(name="BULK", depth=10, reliable=True)

PROFILES = (SAFETY, CONTROL, SENSOR, STATE, EVENT, BULK)
