import pytest

from networks.tensorflow_graph import Node, read_nodes
from tests.networks.tensorflow_writer import graph_node, saved_model


@pytest.mark.parametrize("in_function", [False, True])
def test_nodes_with_their_inputs_and_attributes(in_function: bool) -> None:
    conv = graph_node("while/conv2/Conv2D", "Conv2D", ("while/Pad", "kernel"), strides=[1, 2, 2, 1])
    resize = graph_node("resize", "ResizeBilinear", half_pixel_centers=False, align_corners=True)
    norm = graph_node("norm", "FusedBatchNormV3", epsilon=0.5)
    assert read_nodes(saved_model(conv, resize, norm, in_function=in_function)) == [
        Node("while/conv2/Conv2D", "Conv2D", ("while/Pad", "kernel"), {"strides": (1, 2, 2, 1)}),
        Node("resize", "ResizeBilinear", (), {"half_pixel_centers": False, "align_corners": True}),
        Node("norm", "FusedBatchNormV3", (), {"epsilon": 0.5}),
    ]


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"field|integer"):
        read_nodes(b"this is no graph")
