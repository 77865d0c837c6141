"""The shelf of models."""

from typing import Final

from dltlab.engine.models.base import AbstractModel as AbstractModel
from dltlab.engine.models.mlp import MLP

MODELS: Final[dict[str, type[AbstractModel]]] = {
    "mlp": MLP,
}
