"""Small ONNX models, made for the tests and really run, with descriptors beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DESCRIBED: dict[str, Any] = {
    "name": "brought",
    "version": "1",
    "licence": "Made for the tests",
    "source": "https://models.invalid/brought",
    "dimension": 32,
    "input_size": 48,
    "channel_order": "RGB",
    "layout": "NCHW",
    "mean": 127.5,
    "scale": 127.5,
    "alignment": "arcface-112",
    "flip": False,
}


def described(**changes: Any) -> dict[str, Any]:
    """A descriptor's values; one that is changed to None is left out."""
    return {key: value for key, value in (DESCRIBED | changes).items() if value is not None}


def write_descriptor(path: Path, **changes: Any) -> Path:
    path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in described(**changes).items()))
    return path


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def write_model(
    path: Path,
    *,
    dimension: int = 32,
    side: int = 48,
    batch: int | str = "n",
    layout: str = "NCHW",
    outputs: int = 1,
    weight: float = 0.1,
    bias: float = 0.0,
    one_axis_more: bool = False,
    mean_over_batch: bool = False,
    seed: int = 1,
) -> Path:
    """A convolution over patches of 8 pixels and one dense layer, its weights drawn from a seed."""
    draw = np.random.default_rng(seed)
    cells = (side // 8) ** 2 * 4
    initial = {
        "patches": draw.standard_normal((4, 3, 8, 8)) * weight,
        "dense": draw.standard_normal((dimension, cells)) * weight,
        "bias": np.full(dimension, bias),
    }
    nodes, seen = [], "image"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["image"], ["first"], perm=[0, 3, 1, 2]))
        seen = "first"
    if mean_over_batch:
        nodes += [helper.make_node("ReduceMean", [seen], ["middle"], axes=[0], keepdims=1),
                  helper.make_node("Sub", [seen, "middle"], ["apart"])]  # fmt: skip
        seen = "apart"
    nodes += [
        helper.make_node("Conv", [seen, "patches"], ["found"], strides=[8, 8]),
        helper.make_node("Tanh", ["found"], ["bent"]),
        helper.make_node("Flatten", ["bent"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense", "bias"], ["embedding"], transB=1),
        *([helper.make_node("Unsqueeze", ["embedding", "two"], ["deeper"])] if one_axis_more else []),
        *(helper.make_node("Identity", ["embedding"], [f"other{number}"]) for number in range(1, outputs)),
    ]
    size = [3, side, side] if layout == "NCHW" else [side, side, 3]
    first = "deeper" if one_axis_more else "embedding"
    names = [first, *(f"other{number}" for number in range(1, outputs))]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, *size])],
        [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [batch, dimension, 1] if one_axis_more else [batch, dimension]
            )
            for name in names
        ],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in initial.items()]
        + ([numpy_helper.from_array(np.array([2]), "two")] if one_axis_more else []),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    onnx.save(model, path)
    return path
