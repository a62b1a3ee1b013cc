"""Where messages of the bring-up package meet plain values."""

from typing import Any

import numpy as np

from dynamical_bringup.demo.grading import ObjectSample, RoomSample, SafetySample


def seconds(stamp: Any) -> float:
    """Time message -> [s]."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def object_samples(message: Any) -> list[ObjectSample]:
    """Exact objects (TrackArray) -> samples."""
    time = seconds(message.header.stamp)
    return [
        ObjectSample(
            time=time,
            name=f"{track.color}_{track.class_id}" if track.color else track.class_id,
            position=(track.pose.position.x, track.pose.position.y, track.pose.position.z),
        )
        for track in message.tracks
    ]


def room_sample(message: Any) -> RoomSample:
    """SimulationState -> sample."""
    return RoomSample(
        time=seconds(message.header.stamp),
        qpos=np.array(message.qpos),
        mocap_pos=np.array(message.mocap_pos).reshape(-1, 3),
        mocap_quat=np.array(message.mocap_quat).reshape(-1, 4),
        human_distance=message.human_distance,
    )


def safety_sample(message: Any) -> SafetySample:
    """SafetyStatus -> sample."""
    return SafetySample(
        time=seconds(message.header.stamp),
        state=message.state,
        speed_scale=message.speed_scale,
        passed_trajectory_id=message.passed_trajectory_id,
        ticks=message.ticks,
        late_ticks=message.late_ticks,
    )


def timing_sample(message: Any) -> dict[str, Any]:
    """TierTiming -> its loop and the times that benchmarks use [s]."""
    names = ("loop", "lateness_p50", "lateness_p99", "compute_p50", "compute_p99", "rate")
    return {name: getattr(message, name) for name in names}
