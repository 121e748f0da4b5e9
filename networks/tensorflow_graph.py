"""Reading the nodes of a TensorFlow SavedModel's graph without TensorFlow.

Source: the messages SavedModel, MetaGraphDef, GraphDef, NodeDef and AttrValue of TensorFlow.
"""

import struct
from dataclasses import dataclass, field

from networks.protobuf import packed_integers, parts, read_fields

_META_GRAPHS, _GRAPH, _NODES, _LIBRARY, _FUNCTIONS, _FUNCTION_NODES = 2, 2, 1, 2, 1, 3
_NAME, _OPERATION, _INPUTS, _ATTRIBUTES = 1, 2, 3, 5
_LIST, _FLOAT, _BOOL, _LIST_INTEGERS = 1, 4, 5, 3

Attribute = float | bool | tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One operation: its name, kind, the nodes it reads, and attributes of type float, bool, list of int."""

    name: str
    operation: str
    inputs: tuple[str, ...] = ()
    attributes: dict[str, Attribute] = field(default_factory=dict)


def read_nodes(saved_model: bytes) -> list[Node]:
    """Return all nodes of a `saved_model.pb`, those of functions too; raises ValueError when it is none."""
    found: list[Node] = []
    for meta_graph in parts(saved_model, _META_GRAPHS):
        for graph in parts(meta_graph, _GRAPH):
            functions = [body for library in parts(graph, _LIBRARY) for body in parts(library, _FUNCTIONS)]
            messages = parts(graph, _NODES)
            messages += [node for function in functions for node in parts(function, _FUNCTION_NODES)]
            found += [_node(message) for message in messages]
    return found


def _node(message: bytes) -> Node:
    entries = [(parts(entry, 1), parts(entry, 2)) for entry in parts(message, _ATTRIBUTES)]
    read = {key[0].decode(): _attribute(value[0]) for key, value in entries if key and value}
    return Node(
        name=b"".join(parts(message, _NAME)).decode(),
        operation=b"".join(parts(message, _OPERATION)).decode(),
        inputs=tuple(name.decode() for name in parts(message, _INPUTS)),
        attributes={key: value for key, value in read.items() if value is not None},
    )


def _attribute(message: bytes) -> Attribute | None:
    for number, value in read_fields(message):
        if number == _FLOAT and isinstance(value, bytes) and len(value) == 4:
            return float(struct.unpack("<f", value)[0])
        if number == _BOOL:
            return bool(value)
        if number == _LIST and isinstance(value, bytes):
            return tuple(packed_integers(b"".join(parts(value, _LIST_INTEGERS))))
    return None
