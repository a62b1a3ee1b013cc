"""Identifies from recorded normal work how much external torque each joint feels when nothing is amiss.

::

    python -m dynamical_control.simulation.joint_recordings out/joint_recordings.npz --seed 1
    python -m dynamical_safety.training.contact_thresholds out/joint_recordings.npz \
        --mjcf ROBOT.xml --out dynamical_safety/dynamical_safety/data/contact_thresholds_unitree_g1.yaml

A joint's threshold is the largest residual of the momentum observer over all recordings, of the
joint and of its mirror image, times ``MARGIN``, and not less than ``LEAST``. Fingers are not
watched: to be touched is their work.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import yaml

from dynamical_safety.contact import SAMPLES, MomentumObserver
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.parameters import SafetyGateParameters

MARGIN = 1.25
LEAST = 2.5  # [N m]
SETTLING = 0.5  # start of a recording that is not judged [s]


def residuals(recording: np.ndarray, observer: MomentumObserver, period: float) -> np.ndarray:
    """Run the observer over one recording.

    Args:
        recording: Shape (samples, 3, n): position, velocity, effort.
        observer: Is restarted first.
        period: Of the samples [s].

    Returns:
        Shape (samples // SAMPLES, n) [N m].
    """
    observer.restart()
    count = len(recording) // SAMPLES
    result = np.empty((count, recording.shape[2]))
    for index in range(count):
        chunk = recording[index * SAMPLES : (index + 1) * SAMPLES]
        position, velocity, _ = chunk[-1]
        result[index] = observer.update(
            position, velocity, chunk[:, 2].mean(axis=0), period=period * SAMPLES
        )
    return result


def mirrored(name: str) -> str:
    """The same joint on the other side."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    return "left_" + name.removeprefix("right_") if name.startswith("right_") else name


def identify(
    recordings: dict[str, np.ndarray], names: tuple[str, ...], *, period: float, mjcf: Path
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Largest residuals [N m] by recording and joint, and the thresholds [N m] by joint."""
    parameters = SafetyGateParameters()
    observer = MomentumObserver(RobotDynamics(mjcf, names), parameters.contact_gain)
    skip = round(SETTLING / (period * SAMPLES))
    largest = {
        kind: dict(
            zip(
                names,
                np.abs(residuals(recording, observer, period)[skip:]).max(axis=0).tolist(),
                strict=True,
            )
        )
        for kind, recording in recordings.items()
    }
    thresholds = {}
    for name in names:
        if re.search(parameters.finger_pattern, name):
            continue
        sides = {name, mirrored(name)} & set(names)
        peak = max(peaks[side] for peaks in largest.values() for side in sides)
        thresholds[name] = round(max(LEAST, MARGIN * peak), 2)
    return largest, thresholds


def main() -> None:
    """Read recordings, write thresholds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path, help="recordings, .npz")
    parser.add_argument("--mjcf", type=Path, required=True, help="model of the robot alone")
    parser.add_argument("--out", type=Path, required=True, help="where to write, .yaml")
    arguments = parser.parse_args()
    with np.load(arguments.file) as file:
        names = tuple(str(name) for name in file["joint_names"])
        period, seed = float(file["period"]), int(file["seed"])
        kinds = [key for key in file.files if file[key].ndim == 3]
        recordings = {kind: file[kind] for kind in kinds}
    largest, thresholds = identify(recordings, names, period=period, mjcf=arguments.mjcf)
    document = {
        "source": "dynamical_safety.training.contact_thresholds on recordings of "
        "dynamical_control.simulation.joint_recordings",
        "seed": seed,
        "recorded_s": {kind: round(len(array) * period, 1) for kind, array in recordings.items()},
        "gain_per_s": SafetyGateParameters().contact_gain,
        "margin": MARGIN,
        "units": {"thresholds": "N m", "largest_residual": "N m"},
        "thresholds": thresholds,
        "largest_residual": {
            kind: {name: round(peaks[name], 2) for name in thresholds}
            for kind, peaks in largest.items()
        },
    }
    arguments.out.write_text(
        "# Largest external torque that normal work puts on each joint, with margin.\n"
        + yaml.safe_dump(document, sort_keys=False),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
