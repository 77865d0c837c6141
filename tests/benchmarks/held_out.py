"""Networks that the tracker was not tuned on: small, so that the whole Hessian can be decomposed at every step.

Kinked and smooth activations, another loss, momentum, learned metrics, a convolution, other
seeds and other learning rates; all but a few reach their edge within the run.
"""

from typing import Any

from workloads import WORKLOADS as TUNED
from workloads import Workload, descent, fit, network

_T4 = {"kind": "chebyshev", "degree": 4, "points": 20}
_SPIRAL = {"kind": "spiral", "points": 80}
_DIGITS = {"kind": "digits", "points": 200}
_WAVE = fit(_T4, network(40, init="xavier", gain=1.9))
_LEARNED: dict[str, Any] = {"learning_rate": 0.005, "beta2": 0.99, "epsilon": 1e-7}

WORKLOADS: dict[str, Workload] = {
    "relu": Workload(fit(_SPIRAL, network(24, 24, activation="relu")), descent(0.3), 600),
    "relu-digits": Workload(fit(_DIGITS, network(8, activation="relu")), descent(0.4), 600),
    "gelu": Workload(fit(_SPIRAL, network(24, 24, activation="gelu", init="lecun")), descent(0.3), 600),
    "cross-entropy": Workload(fit(_SPIRAL, network(24, 24), "cross_entropy"), descent(0.5), 800),
    "polyak": Workload(_WAVE, {"kind": "polyak", "learning_rate": 0.25, "momentum": 0.7}, 1500),
    "nesterov": Workload(_WAVE, {"kind": "nesterov", "learning_rate": 0.2, "momentum": 0.8}, 1500),
    "rmsprop": Workload(_WAVE, {"kind": "rmsprop", **_LEARNED}, 1500, preconditioned=True),
    "adam": Workload(_WAVE, {"kind": "adam", "beta1": 0.9, **_LEARNED}, 1500, preconditioned=True),
    "many-outputs": Workload(fit(_DIGITS, network(8, 8)), descent(0.8), 600),
    "cnn": Workload(fit(_DIGITS, {"kind": "cnn", "channels": [4, 4]}), descent(0.3), 800),
    "cnn-relu": Workload(
        fit(_DIGITS, {"kind": "cnn", "channels": [4, 4], "activation": "relu"}, "cross_entropy"), descent(0.3), 800
    ),
    "cheb-seed1": TUNED["cheb"]._replace(seed=1),
    "cheb-seed2": TUNED["cheb"]._replace(seed=2),
    "cheb-fast": TUNED["cheb"]._replace(optimizer=descent(0.6), steps=2000),
}
