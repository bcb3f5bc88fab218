# SPDX-License-Identifier: Apache-2.0
"""ONNX files: float outputs equal ONNX Runtime's; what is not read is refused by node and name."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, reject
from torch import nn

from support.failures import InputError
from tests.train.importing.networks import Builder, by_runtime, generators, save
from tests.train.settings import THOROUGH
from train.importing.imported import float_outputs
from train.importing.onnx_file import read_onnx


@given(generators())
@THOROUGH
def test_outputs_are_those_of_onnx_runtime(tmp_path_factory, drawn):
    model, latent = drawn
    path = save(model, tmp_path_factory.getbasetemp() / "g.onnx")
    try:
        imported = read_onnx(path)
    except InputError as error:
        assert "would need a kernel of" in str(error)  # noqa: PT017
        reject()
    z = np.random.default_rng(0).standard_normal((3, *latent), np.float32)
    wanted = by_runtime(model, z)
    found = float_outputs(imported, z.reshape(3, -1))
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-4)
    assert imported.spec.planes == 1
    assert set(imported.spec.weight_bits) == {8}
    assert [w.shape for w in imported.weight] == [
        each.weight_shape for each in imported.spec.shapes
    ]


def network(batch="n"):
    """A small generator of two layers, to break."""
    b = Builder((4, 1, 1), np.random.default_rng(0))
    b.add("ConvTranspose", b.numbers(4, 3, 4, 4), b.numbers(3))
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 4, 4), strides=[2, 2], pads=[1] * 4)
    b.add("Tanh")
    return b.model(batch)


def refusal(model, tmp_path):
    with pytest.raises(InputError) as caught:
        read_onnx(save(model, tmp_path / "g.onnx"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_fixed_batch_is_read(tmp_path):
    imported = read_onnx(save(network(batch=2), tmp_path / "g.onnx"))
    assert [layer.kernel_size for layer in imported.spec.layers] == [4, 4]
    assert [layer.activation for layer in imported.spec.layers] == ["relu", "table"]


def test_external_data_is_read_from_beside_the_file(tmp_path):
    model, (z, wanted) = network(), example()
    path = tmp_path / "g.onnx"
    onnx.save(model, path, save_as_external_data=True, location="g.data", size_threshold=0)
    assert (tmp_path / "g.data").stat().st_size > 0
    np.testing.assert_allclose(float_outputs(read_onnx(path), z), wanted, atol=1e-5)


def example():
    z = np.random.default_rng(1).standard_normal((2, 4), np.float32)
    return z, by_runtime(network(), z[:, :, None, None])


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"location": "../g.data"}, "read from beside the file only"),
        ({"location": "/etc/passwd"}, "read from beside the file only"),
        ({"location": "link/g.data"}, "read from beside the file only"),
        ({"location": ""}, "read from beside the file only"),
        ({"location": "a\0b"}, "read from beside the file only"),
        ({"location": "none.data"}, "there is no such file"),
        ({"location": "g.data", "offset": "-1"}, "does not hold the numbers of"),
        ({"location": "g.data", "offset": "x"}, "does not hold the numbers of"),
        ({"location": "g.data", "offset": "9" * 30}, "does not hold the numbers of"),
        ({"location": "g.data", "length": "7"}, "does not hold the numbers of"),
        ({"location": "g.data", "offset": "760"}, "does not hold the numbers of"),
    ],
    ids=str,
)
def test_external_data_elsewhere_or_short_is_refused(tmp_path, facts, message):
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / "g.data").write_bytes(bytes(4 * 4 * 3 * 16))
    (folder / "link").symlink_to(tmp_path)
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in facts.items():
        tensor.external_data.add(key=key, value=value)
    assert message in refusal(model, folder)


@pytest.mark.parametrize(
    "content", [b"", b"no protobuf at all", b"\x08\x09" + b"\xff" * 50], ids=["none", "text", "cut"]
)
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "g.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_onnx(path)


def test_a_file_cut_anywhere_is_refused_or_read(tmp_path):
    data = network().SerializeToString()
    for size in range(0, len(data), 61):
        (tmp_path / "g.onnx").write_bytes(data[:size])
        with pytest.raises(InputError):
            read_onnx(tmp_path / "g.onnx")


def test_a_file_of_gigabytes_is_refused_unread(tmp_path):
    with (tmp_path / "g.onnx").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InputError, match="GiB; save the generator by itself"):
        read_onnx(tmp_path / "g.onnx")


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("ConstantOfShape", [np.full(4, 10**6)], "too large"),
        ("Expand", [np.zeros(1), np.full(4, 10**6)], "too large"),
        ("Range", [np.int64(0), np.int64(10**15), np.int64(1)], "too large"),
        ("Range", [np.int64(0), np.int64(9), np.int64(0)], "cannot be computed"),
        ("Add", [np.zeros((30000, 1)), np.zeros((1, 30000))], "too large"),
        ("MatMul", [np.zeros((30000, 1)), np.zeros((1, 30000))], "too large"),
        ("Add", [np.zeros(2), np.zeros(3)], "cannot be computed"),
        ("Gather", [np.zeros(2), np.array([7])], "cannot be computed"),
        ("Tile", [np.zeros(2), np.array([7])], "is not read"),
    ],
    ids=str,
)
def test_arithmetic_that_leaves_all_bounds_is_refused(tmp_path, kind, inputs, message):
    b = Builder((4, 1, 1), np.random.default_rng(0))
    value = b.aside(kind, *map(b.array, inputs))
    b.add("Add", value)
    line = refusal(b.model(), tmp_path)
    assert f"node n{value} ({kind}): " in line
    assert message in line


def test_a_weight_that_is_missing_is_refused(tmp_path):
    model = network()
    del model.graph.initializer[0]
    assert "has 2 inputs" in refusal(model, tmp_path) or "which nothing makes" in refusal(
        model, tmp_path
    )


def test_a_latent_without_a_size_is_refused(tmp_path):
    model = network()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "l"
    assert "z: has shape (?, ?, 1, 1); export with latents" in refusal(model, tmp_path)


def test_nodes_of_another_domain_are_refused(tmp_path):
    model = network()
    model.graph.node[1].domain = "com.example"
    assert refusal(model, tmp_path).startswith("node nv1 (Relu): is of the domain com.example")


@pytest.mark.parametrize("batch", ["n", 2])
@pytest.mark.parametrize("exporter", ["script", "dynamo"])
def test_pytorch_exports_are_read(tmp_path, exporter, batch):
    if exporter == "dynamo":
        pytest.importorskip("onnxscript")
    module = module_to_export()
    z = torch.randn(2, 6)
    path = tmp_path / "g.onnx"
    dynamic = {"dynamo": {"dynamic_shapes": ({0: torch.export.Dim("n")},)},
               "script": {"dynamic_axes": {"z": {0: "n"}}}}  # fmt: skip
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(
            module, (z,), path, dynamo=exporter == "dynamo", input_names=["z"],
            **(dynamic[exporter] if batch == "n" else {}),
        )  # fmt: skip
    with torch.no_grad():
        wanted = module(z).numpy()
    np.testing.assert_allclose(float_outputs(read_onnx(path), z.numpy()), wanted, atol=1e-5)


def module_to_export():
    """Linear with view, Upsample, PixelShuffle, a crop: exporters compute with its shapes."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.norm = nn.Linear(6, 4 * 9), nn.BatchNorm1d(4 * 9)
            self.body = nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(4, 3, 3, padding=1), nn.LeakyReLU(0.2),
                nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2), nn.Tanh(),
            )  # fmt: skip

        def forward(self, z):
            x = torch.relu(self.norm(self.linear(z)))
            return self.body(x.view(x.shape[0], 4, 3, 3))[:, :, 1:-1, 1:-1]

    torch.manual_seed(0)
    net = Net().eval()
    net.norm.running_mean.normal_()
    return net


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("Relu", {"alpha": 0.1}, "Unrecognized attribute: alpha for operator Relu"),
        ("LeakyRelu", {"alpha": 1}, "Mismatched attribute type"),
        ("Upsample", {}, "has input size 1 not in range"),
        ("Conv", {}, "has input size 1 not in range"),
    ],
    ids=str,
)
def test_nodes_that_onnx_itself_does_not_allow_are_refused(tmp_path, kind, attributes, message):
    b = Builder((4, 1, 1), np.random.default_rng(0))
    b.add(kind, **attributes)
    line = refusal(b.model(opset=9), tmp_path)
    assert line.startswith(f"node nv0 ({kind}): is not valid (")
    assert message in line


def test_names_that_cannot_be_shown_are_refused(tmp_path):
    model = network()
    model.graph.node[1].name = "two\nlines"
    assert "a name in it is no printable text" in refusal(model, tmp_path)
    data = network().SerializeToString().replace(b"nv1", b"\xff\xfe\xfd")
    (tmp_path / "g.onnx").write_bytes(data)
    with pytest.raises(InputError, match="a name in it is no printable text"):
        read_onnx(tmp_path / "g.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(tmp_path, value):
    b = Builder((4, 1, 1), np.random.default_rng(0))
    b.add("ConvTranspose", b.numbers(4, 3, 4, 4), b.array(np.full(3, value, np.float32)))
    assert "its input 3 holds a NaN or an infinity" in refusal(b.model(), tmp_path)


def test_upsample_of_older_files_is_read(tmp_path):
    b = Builder((4, 1, 1), np.random.default_rng(0))
    b.add("ConvTranspose", b.numbers(4, 3, 4, 4), b.numbers(3))
    b.add("Upsample", b.array(np.array([1, 1, 2, 2], np.float32)), mode="nearest")
    b.add("Conv", b.numbers(1, 3, 3, 3), pads=[1] * 4)
    z = np.random.default_rng(1).standard_normal((2, 4, 1, 1), np.float32)
    found = float_outputs(read_onnx(save(b.model(opset=9), tmp_path / "g.onnx")), z[:, :, 0, 0])
    np.testing.assert_allclose(found, by_runtime(b.model(opset=9), z), atol=1e-5)


def test_an_output_is_named_by_key(tmp_path):
    model = network()
    model.graph.output.add(name="v2")
    path = save(model, tmp_path / "g.onnx")
    with pytest.raises(InputError, match="has 2 outputs; name one: --key v3 or v2"):
        read_onnx(path)
    assert read_onnx(path, key="v2", output="sigmoid").output == "sigmoid"
    assert read_onnx(path, key="v3").output == "tanh"
    with pytest.raises(InputError, match="--key is w; its outputs are v3, v2"):
        read_onnx(path, key="w")
    with pytest.raises(InputError, match="--output is sigmoid, but the network ends with tanh"):
        read_onnx(path, key="v3", output="sigmoid")


def test_latents_of_another_range_and_shape_are_read(tmp_path):
    """(z - 0.5) * 2, then (N, 4) to (N, 4, 1, 1): what generators for U(0, 1) do."""
    b = Builder((4,), np.random.default_rng(0))
    b.add("Sub", b.array(np.float32(0.5)))
    b.add("Mul", b.array(np.full(4, 2, np.float32)))
    b.add("Unsqueeze", b.array(np.array([2, 3])))
    b.add("ConvTranspose", b.numbers(4, 3, 4, 4), b.numbers(3))
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 4, 4))
    z = np.random.default_rng(1).uniform(size=(2, 4)).astype(np.float32)
    imported = read_onnx(save(b.model(), tmp_path / "g.onnx"))
    np.testing.assert_allclose(float_outputs(imported, z), by_runtime(b.model(), z), atol=1e-5)
    assert imported.slopes == (1.0, 0.0)
