"""The shelf of models."""

from typing import Final

from dltlab.engine.models.base import AbstractModel as AbstractModel
from dltlab.engine.models.cnn import CNN
from dltlab.engine.models.mlp import MLP
from dltlab.engine.models.two_layer import TwoLayer

MODELS: Final[dict[str, type[AbstractModel]]] = {
    "cnn": CNN,
    "mlp": MLP,
    "two_layer": TwoLayer,
}
