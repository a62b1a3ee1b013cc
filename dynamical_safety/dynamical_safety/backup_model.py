"""The backup forecaster's network: inference in plain NumPy from a safetensors file.

Two hidden layers of rectified units give a hazard for each quarter of a second; the probability of
contact up to a horizon is one less the chance of having escaped every hazard before it, so a longer
horizon never says less. A logistic correction per horizon, fitted on runs that training did not
see, calibrates it (Platt 1999).
"""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from dynamical_safety.backup_features import COUNT, HORIZONS, NAMES
from dynamical_safety.errors import ModelError

SHIPPED = Path(__file__).parent / "data" / "backup_forecaster.safetensors"
LAYERS = 3
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class BackupModel:
    """A trained network.

    Attributes:
        weights: Matrices of the layers, shapes (in, out).
        biases: Shapes (out,).
        mean: Shape (COUNT,), of the features in training.
        deviation: Shape (COUNT,), of the same, > 0.
        low: Shape (COUNT,), smallest value in training.
        high: Shape (COUNT,), largest.
        calibration: Shape (horizons, 2): slope > 0 and shift of the log odds.
        contact: What counts as contact: a link nearer than this to the person [m].
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    calibration: np.ndarray
    contact: float

    @staticmethod
    def load(path: Path = SHIPPED) -> "BackupModel":
        """Read a model file.

        Raises:
            ModelError: If it cannot be read or was made for other features or horizons.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                about = file.metadata() or {}
        except (OSError, SafetensorError) as error:
            raise ModelError(path, f"cannot be read: {error}") from error
        try:
            features, horizons = json.loads(about["features"]), json.loads(about["horizons"])
            model = BackupModel(
                weights=tuple(tensors[f"weight_{i}"].astype(float) for i in range(LAYERS)),
                biases=tuple(tensors[f"bias_{i}"].astype(float) for i in range(LAYERS)),
                mean=tensors["mean"].astype(float),
                deviation=tensors["deviation"].astype(float),
                low=tensors["low"].astype(float),
                high=tensors["high"].astype(float),
                calibration=tensors["calibration"].astype(float),
                contact=float(about["contact"]),
            )
        except (KeyError, ValueError) as error:
            raise ModelError(path, f"lacks or spoils {error}") from error
        if features != NAMES or horizons != list(HORIZONS):
            raise ModelError(path, "was trained for other features or horizons; train it anew")
        problem = model.problem()
        if problem:
            raise ModelError(path, problem)
        return model

    def problem(self) -> str:
        """What is wrong with the numbers; empty = nothing."""
        shapes = [weight.shape for weight in self.weights]
        ends = (COUNT, *(bias.size for bias in self.biases))
        if shapes != list(itertools.pairwise(ends)) or ends[-1] != len(HORIZONS):
            return (
                f"has layers of shapes {shapes}, want {COUNT} features to {len(HORIZONS)} hazards"
            )
        rest = (self.mean, self.deviation, self.low, self.high)
        if any(values.shape != (COUNT,) for values in rest):
            return f"has statistics that are not of {COUNT} features"
        if self.calibration.shape != (len(HORIZONS), 2):
            return f"has calibration of shape {self.calibration.shape}, want {(len(HORIZONS), 2)}"
        if not all(
            np.isfinite(values).all()
            for values in (*self.weights, *self.biases, *rest, self.calibration)
        ):
            return "holds a number that is not finite"
        if not ((self.deviation > 0.0).all() and (self.calibration[:, 0] > 0.0).all()):
            return "has a deviation or a calibration slope that is not > 0"
        return ""

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Probability of contact up to each horizon.

        Args:
            features: Shape (b, COUNT); what lies beyond the values of training is taken as their
                edge, what is not finite makes its row certain contact.

        Returns:
            Shape (b, horizons), rising, 0..1.
        """
        known = np.isfinite(features).all(axis=1)
        x = np.where(known[:, None], features, self.mean)
        x = (np.clip(x, self.low, self.high) - self.mean) / self.deviation
        for layer in range(LAYERS - 1):
            x = np.maximum(x @ self.weights[layer] + self.biases[layer], 0.0)
        hazard = x @ self.weights[-1] + self.biases[-1]
        # log(1 - sigmoid(z)) = -log(1 + e^z)
        escape = -np.logaddexp(0.0, hazard).cumsum(axis=1)
        return np.where(known[:, None], self._calibrated(-np.expm1(escape)), 1.0)

    def _calibrated(self, raw: np.ndarray) -> np.ndarray:
        raw = np.clip(raw, _EDGE, 1.0 - _EDGE)
        odds = self.calibration[:, 0] * np.log(raw / (1.0 - raw)) + self.calibration[:, 1]
        rising: np.ndarray = np.maximum.accumulate(1.0 / (1.0 + np.exp(-odds)), axis=1)
        return rising
