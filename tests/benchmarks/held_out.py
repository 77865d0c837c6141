"""Networks that the tracker was not tuned on: small, so that the whole Hessian can be decomposed at every step."""

from workloads import Workload, descent, fit, network

WORKLOADS: dict[str, Workload] = {
    "relu": Workload(fit({"kind": "spiral", "points": 80}, network(24, 24, activation="relu")), descent(0.3), 600),
}
