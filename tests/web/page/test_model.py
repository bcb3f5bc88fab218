# SPDX-License-Identifier: Apache-2.0
"""web/page/model.js: the page refuses what golden refuses, in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from golden import model_file
from support.failures import InputError
from tests.web.page.node import needs_node, node

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "tests" / "conformance" / "leaky-16-k3s1.safetensors"
pytestmark = needs_node


def contents():
    """Return the good file's arrays and header."""
    raw = GOOD.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return load_file(GOOD), json.loads(header["__metadata__"]["avatar"])


def changed(**arrays):
    """Return a maker of the file with other arrays; None takes one away."""

    def make(path):
        held, header = contents()
        held = {name: array for name, array in {**held, **arrays}.items() if array is not None}
        save_file(held, path, {"avatar": json.dumps(header)})

    return make


def headed(change, metadata=None):
    """Return a maker of the file with a header that `change` has changed in place."""

    def make(path):
        held, header = contents()
        change(header)
        save_file(held, path, {"avatar": json.dumps(header), **(metadata or {})})

    return make


def raw(change):
    return lambda path: path.write_bytes(change(GOOD.read_bytes()))


def flipped(data):
    return data[:-7] + bytes([data[-7] ^ 1]) + data[-6:]


def shifted(data):
    """Move all arrays 8 bytes up and leave a hole before them."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    for name, entry in header.items():
        if name != "__metadata__":
            entry["data_offsets"] = [offset + 8 for offset in entry["data_offsets"]]
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8) + data[8 + length :]


def layer(n, **fields):
    return headed(lambda header: header["spec"]["layers"][n].update(fields))


WEIGHT = contents()[0]["weight1"]
OUTSIDE = WEIGHT.copy()
OUTSIDE.flat[3] = -128
BIAS = contents()[0]["bias1"]
BIAS_MAX = model_file.load(GOOD).spec.shapes[0].acc_max
FAULTS = {
    "empty": (raw(lambda data: b""), "not a .safetensors file"),
    "cut": (raw(lambda data: data[:-5]), "cut off"),
    "longer": (raw(lambda data: data + b"x"), "bytes behind its last array"),
    "a hole": (raw(shifted), "one behind the other"),
    "foreign": (raw(lambda data: b"\x89PNG\r\n\x1a\n" + data), "not a .safetensors file"),
    "no JSON": (raw(lambda data: data[:8] + b"[" + data[9:]), "not JSON"),
    "a damaged byte": (raw(flipped), "digest"),
    "no metadata": (lambda path: save_file(contents()[0], path), "avatar quantize"),
    "other metadata": (headed(lambda header: None, {"more": "x"}), "beside `avatar`"),
    "metadata no JSON": (lambda path: save_file(contents()[0], path, {"avatar": "{"}), "JSON"),
    "format 1": (headed(lambda header: header.update(format=1)), "format is 1"),
    "format 3": (headed(lambda header: header.update(format=3)), "format is 3"),
    "no training": (headed(lambda header: header.pop("training")), "training is missing"),
    "a field more": (headed(lambda header: header.update(x=1)), "x is unknown"),
    "training a list": (headed(lambda header: header.update(training=[])), "training is not"),
    "another digest": (headed(lambda header: header.update(digest="0" * 64)), "digest"),
    "planes 2": (headed(lambda header: header["spec"].update(planes=2)), "planes"),
    "latent 0": (headed(lambda header: header["spec"].update(latent=0)), "latent is 0"),
    "a spec of none": (headed(lambda header: header.update(spec=None)), "The spec has"),
    "no layers": (headed(lambda header: header["spec"].update(layers=[])), "number of layers"),
    "kernel 9": (layer(0, kernel_size=9), "kernel_size is 9"),
    "padding": (layer(0, padding=7), "padding is 7"),
    "stride 3": (layer(0, stride=3), "stride is 3"),
    "weight_bits 1": (layer(0, weight_bits=1), "weight_bits is 1"),
    "channels 0.5": (layer(0, channels=0.5), "channels is 0.5"),
    "tanh": (layer(0, activation="tanh"), "activation"),
    "a table first": (layer(0, activation="table"), "activation"),
    "2 colours": (layer(-1, channels=2), "last layer"),
    "v1 with one plane": (changed(v1=np.zeros(4, np.int8)), "v1 is unknown"),
    "no table": (changed(table=None), "table is missing"),
    "no neg": (changed(neg1=None), "neg1 is missing"),
    "int16 weights": (changed(weight1=WEIGHT.astype(np.int16)), "weight1 is of"),
    "float bias": (changed(bias1=BIAS.astype(np.float32)), "bias1 is of F32, not int32"),
    "turned weights": (changed(weight1=WEIGHT.swapaxes(0, 1).copy()), "weight1 has the shape"),
    "weights outside": (changed(weight1=OUTSIDE), "weight1 holds -128"),
    "bias outside": (changed(bias1=np.full_like(BIAS, 2**31 - 1)), "bias1 holds 2147483647"),
    "bias by one": (changed(bias1=np.full_like(BIAS, -BIAS_MAX - 1)), "bias1 holds -"),
    "shift 41": (changed(shift=np.full_like(contents()[0]["shift"], 41)), "shift holds 41"),
}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / f"{n}.safetensors" for n in range(len(FAULTS))]
    for path, (make, _) in zip(paths, FAULTS.values()):
        make(path)
        with pytest.raises(InputError):
            model_file.load(path)
    said = node("refusals", request=[str(path) for path in [*paths, GOOD]])
    assert said[-1] is None  # the good one
    return dict(zip(FAULTS, said))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refused_model(sentences, fault):
    sentence = sentences[fault]
    assert sentence, "the page takes it"
    assert FAULTS[fault][1] in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_the_greatest_bias(tmp_path):
    """A sum of layer 1 has inputs of 256, others of 255: what fits golden fits the page."""
    model = model_file.load(GOOD)
    greatest = [np.full_like(b, -s.acc_max) for b, s in zip(model.bias, model.spec.shapes)]
    model_file.save(replace(model, bias=greatest), tmp_path / "a.safetensors")
    assert node("refusals", request=[str(tmp_path / "a.safetensors")]) == [None]
