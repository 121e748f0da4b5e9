"""Global descriptors, their search, and the candidate cache."""

from networks.registry import Registry
from retrieval.base import Retriever, RetrieverSpec

registry = Registry(
    kind="retriever",
    group="rerank.retrievers",
    builtins={
        "cosplace": "retrieval.cosplace:CosPlace",
        "vlad": "retrieval.vlad:VLAD",
    },
)
build = registry.build

__all__ = ["Retriever", "RetrieverSpec", "build", "registry"]
