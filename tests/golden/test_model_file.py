# SPDX-License-Identifier: Apache-2.0
import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy
from safetensors import safe_open

from golden import model_file
from golden.model_file import Model, load, save
from golden.spec import GeneratorSpec, Layer
from support.failures import InputError
from tests.models import random_model

CONFORMANCE = sorted(Path(__file__).parents[1].glob("conformance/*.safetensors"))
SPEC = GeneratorSpec.avatars(channels=(4, 3, 2), weight_bits=(8, 5, 4, 3))


@pytest.fixture
def model():
    return random_model(SPEC)


def write(path, model, *, header=None, arrays=None):
    """Write a model file whose header fields and arrays are replaced, None: left out."""
    fields = {
        "format": 2,
        "spec": model.spec.to_json(),
        "digest": model.digest,
        "training": {},
        "metrics": {},
    }
    fields = {k: v for k, v in {**fields, **(header or {})}.items() if v is not None}
    all_arrays = {k: v for k, v in {**model.arrays, **(arrays or {})}.items() if v is not None}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    safetensors_numpy.save_file(all_arrays, path, {"avatar": text})


def refusal(path):
    with pytest.raises(InputError) as caught:
        load(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line


@pytest.mark.parametrize("path", CONFORMANCE, ids=lambda path: path.stem)
def test_conformance_files_load_and_their_digests_hold(path):
    header = safetensors_header(path)
    assert load(path).digest == json.loads(header["avatar"])["digest"]


def safetensors_header(path):
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def test_digest_by_hand():
    spec = GeneratorSpec(
        5, 3, (Layer(4, 3, 1, 0, 0, "leaky_relu", 8), Layer(1, 4, 2, 1, 0, "table", 3))
    )
    model = random_model(spec)
    sha = hashlib.sha256(
        b'{"latent":5,"layers":['
        b'{"activation":"leaky_relu","channels":4,"kernel_size":3,"output_padding":0,"padding":0,'
        b'"stride":1,"weight_bits":8},'
        b'{"activation":"table","channels":1,"kernel_size":4,"output_padding":0,"padding":1,'
        b'"stride":2,"weight_bits":3}],"planes":3}'
        b"bias1\0<i4\x004\0" + model.bias[0].tobytes()
    )
    for name in ("bias2", "mul1", "mul2", "neg1", "shift", "table"):
        array = model.arrays[name]
        dtype = {"b": "<i4", "m": "<u2", "n": "<u2", "s": "|u1", "t": "|u1"}[name[0]]
        sha.update(f"{name}\0{dtype}\0{array.size}\0".encode() + array.tobytes())
    sha.update(b"v1\0|i1\x005\0" + model.v1.tobytes() + b"v2\0|i1\x005\0" + model.v2.tobytes())
    for n, shape in enumerate(("5,4,3,3", "4,1,4,4")):
        sha.update(f"weight{n + 1}\0|i1\0{shape}\0".encode() + model.weight[n].tobytes())
    assert model.digest == sha.hexdigest()


def test_round_trip_keeps_everything_and_is_stable(model, tmp_path):
    model = dataclasses.replace(model, training={"steps": 3}, metrics={"psnr": 39.5})
    save(model, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    save(again, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert (again.spec, again.digest) == (model.spec, model.digest)
    assert (again.training, again.metrics) == (model.training, model.metrics)
    for name, array in model.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)


def test_metadata_is_one_key_of_canonical_json(model, tmp_path):
    save(model, tmp_path / "m.safetensors")
    header = safetensors_header(tmp_path / "m.safetensors")
    assert list(header) == ["avatar"]
    fields = json.loads(header["avatar"])
    assert header["avatar"] == json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert sorted(fields) == ["digest", "format", "metrics", "spec", "training"]


def test_a_transposed_view_is_stored_as_it_reads(model, tmp_path):
    weight = list(model.weight)
    weight[1] = np.ascontiguousarray(weight[1].transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    assert not weight[1].flags.c_contiguous
    viewed = dataclasses.replace(model, weight=weight)
    save(viewed, tmp_path / "m.safetensors")
    assert viewed.digest == model.digest == load(tmp_path / "m.safetensors").digest


def test_arrays_are_read_only_copies(model):
    source = model.v1.copy()
    copy = dataclasses.replace(model, v1=source)
    source[0] += 1
    assert copy.digest == model.digest
    with pytest.raises(ValueError, match="read-only"):
        copy.v1[0] = 0


def test_the_digest_covers_every_array_and_the_spec(model):
    digests = {model.digest}
    for name, array in model.arrays.items():
        changed = array.copy()
        changed.flat[0] -= 1 if changed.flat[0] > 1 else 0
        changed.flat[0] += 2 if changed.flat[0] == array.flat[0] else 0
        if name[:-1] in ("weight", "bias", "mul"):
            n, values = int(name[-1]) - 1, list(getattr(model, name[:-1]))
            values[n] = changed
            digests.add(dataclasses.replace(model, **{name[:-1]: values}).digest)
        else:
            digests.add(dataclasses.replace(model, **{name: changed}).digest)
    wider = GeneratorSpec.avatars(channels=(4, 3, 2), weight_bits=(8, 5, 4, 4))
    digests.add(dataclasses.replace(model, spec=wider).digest)
    assert len(digests) == len(model.arrays) + 2


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("weight1", lambda a: a.astype(np.int16), "weight1 has dtype int16, not int8"),
        ("weight2", lambda a: a[:, :2], "weight2 has shape (4, 2, 4, 4), not the spec's"),
        ("weight2", lambda a: a.reshape(-1), "weight2 has shape"),
        ("weight2", lambda a: np.full_like(a, 16), "weight2 holds 16, outside -15..15"),
        ("weight2", lambda a: np.full_like(a, -16), "weight2 holds -16"),
        ("weight1", lambda a: np.full_like(a, -128), "weight1 holds -128, outside -127..127"),
        ("weight4", lambda a: np.full_like(a, 4), "weight4 holds 4, outside -3..3"),
        ("bias1", lambda a: np.full_like(a, 100 * 256 * 127 + 1), "bias1 holds 3251201"),
        ("bias2", lambda a: np.full_like(a, -4 * 4 * 255 * 15 - 1), "bias2 holds -61201"),
        ("bias1", lambda a: a.astype(np.int64), "bias1 has dtype int64, not int32"),
        ("mul3", lambda a: a.astype(np.int32), "mul3 has dtype int32, not uint16"),
        ("mul3", lambda a: a[:1], "mul3 has shape (1,)"),
        ("shift", lambda a: np.array([0, 9, 9, 9], np.uint8), "shift holds 0, outside 1..40"),
        ("shift", lambda a: np.array([9, 9, 9, 41], np.uint8), "shift holds 41"),
        ("v1", lambda a: a[:99], "v1 has shape (99,)"),
        ("v2", lambda a: a.astype(np.uint8), "v2 has dtype uint8"),
        ("table", lambda a: a[:512], "table has shape (512,)"),
        ("table", lambda a: None, "array table is missing"),
        ("bias4", lambda a: None, "array bias4 is missing"),
    ],
)
def test_wrong_arrays_are_named(model, tmp_path, name, change, words):
    write(tmp_path / "m.safetensors", model, arrays={name: change(model.arrays[name])})
    line = refusal(tmp_path / "m.safetensors")
    assert words in line
    assert "`avatar quantize`" in line


def test_bias_at_its_limit_is_accepted(model, tmp_path):
    limit = [layer.acc_max for layer in SPEC.shapes]
    bias = [np.full_like(model.bias[n], limit[n] * (-1) ** n) for n in range(4)]
    save(dataclasses.replace(model, bias=bias), tmp_path / "m.safetensors")
    load(tmp_path / "m.safetensors")


def changed(layer=None, **fields):
    """Return the JSON of :data:`SPEC` with other fields, or with other fields of a layer."""
    spec = SPEC.to_json()
    (spec if layer is None else spec["layers"][layer]).update(fields)
    return spec


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"format": 1}, "is of format 1, which was never published"),
        ({"format": 3}, "format is 3, this version reads 2"),
        ({"format": "2"}, 'format is "2"'),
        ({"format": True}, "format is true"),
        ({"format": None}, "format is null"),
        ({"digest": "0" * 64}, "digest is 0000"),
        ({"digest": 7}, "digest is 7"),
        ({"digest": None}, "metadata field digest is missing"),
        ({"training": None}, "metadata field training is missing"),
        ({"metrics": []}, "metadata field metrics is not a JSON object"),
        ({"extra": 1}, "metadata field extra is unknown"),
        ({"spec": [4, 3, 2]}, "spec: fields must be"),
        ({"spec": changed(latent=99)}, "v1 has shape"),
        ({"spec": changed(latent=0)}, "latent is 0"),
        ({"spec": changed(planes=1)}, "array v1 is unknown"),
        ({"spec": changed(0, channels=0)}, "layer 1: channels is 0"),
        ({"spec": changed(1, weight_bits=9)}, "layer 2: weight_bits is 9"),
        ({"spec": changed(0, channels=5)}, "weight1"),
        ({"spec": changed(2, activation="leaky_relu")}, "array neg3 is missing"),
    ],
)
def test_wrong_metadata_is_named(model, tmp_path, header, words):
    write(tmp_path / "m.safetensors", model, header=header)
    assert words in refusal(tmp_path / "m.safetensors")


def test_an_unknown_array_is_named(model, tmp_path):
    write(tmp_path / "m.safetensors", model, arrays={"weight5": np.zeros(3, np.int8)})
    assert "array weight5 is unknown" in refusal(tmp_path / "m.safetensors")


def test_every_flipped_byte_of_the_arrays_is_noticed(model, tmp_path):
    path = tmp_path / "m.safetensors"
    save(model, path)
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    for at in np.random.default_rng(0).integers(start, len(data), 20):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        refusal(path)


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_cut_files_are_refused(model, tmp_path, size):
    path = tmp_path / "m.safetensors"
    save(model, path)
    path.write_bytes(path.read_bytes()[:size])
    assert "is not a model file" in refusal(path)


def test_foreign_files_are_refused(model, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_text("hello, this is no model")
    assert "is not a model file" in refusal(path)
    safetensors_numpy.save_file(model.arrays, path)
    assert "no metadata `avatar`" in refusal(path)
    for text, words in (("{", "is not JSON"), ("[]", "is not a JSON object")):
        safetensors_numpy.save_file(model.arrays, path, {"avatar": text})
        assert words in refusal(path)


def test_the_header_is_taken_to_the_letter(model, tmp_path):
    path = tmp_path / "m.safetensors"
    save(model, path)
    with safe_open(path, framework="numpy") as file:
        text = file.metadata()["avatar"]
    for metadata, words in (
        ({"avatar": text, "note": "x"}, "has metadata beside `avatar`: note"),
        ({"avatar": text.replace('"format":2', '"format":2.0')}, "format is 2.0"),
        ({"avatar": text.replace('"metrics":{', '"metrics":{"psnr":NaN,')}, "is not JSON"),
        ({"avatar": text.replace('"training":{', '"training":{"a":"\\ud800",')}, "is not JSON"),
    ):
        safetensors_numpy.save_file(model.arrays, path, metadata)
        assert words in refusal(path)


def test_missing_file_and_folder(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.safetensors")
    assert "is no regular file" in refusal(tmp_path)


def test_saving_makes_the_folders_on_the_way(model, tmp_path):
    save(model, tmp_path / "deep" / "er" / "m.safetensors")
    assert load(tmp_path / "deep" / "er" / "m.safetensors").digest == model.digest
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file; write elsewhere"):
        save(model, tmp_path / "file" / "none" / "m.safetensors")


def test_float_generators_are_named_as_what_they_are(tmp_path):
    """The command is quoted for a shell."""
    run = tmp_path / "my run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    packed, own = tmp_path / "p.safetensors", run / "generator.safetensors"
    safetensors_numpy.save_file({"v1": np.zeros(100)}, packed, {"generator": "{}"})
    safetensors_numpy.save_file({"v1": np.zeros(100)}, own, {"facts": "{}"})
    for path, what, source in (
        (run, "is the folder of a run", f"'{run}'"),
        (packed, "is a packed float generator", packed),
        (own, "is the float generator of a run", f"'{run}'"),
    ):
        command = f"avatar quantize {source} --out model.safetensors"
        assert refusal(path) == f"{path}: {what}; make a model file of it: {command}"


def test_what_json_cannot_hold_is_refused_and_the_old_file_stays(model, tmp_path):
    path = tmp_path / "m.safetensors"
    save(model, path)
    before = path.read_bytes()
    for metrics in ({"psnr": float("nan")}, {"psnr": np.zeros(3)}):
        with pytest.raises(InputError, match="metrics"):
            save(dataclasses.replace(model, metrics=metrics), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_model_of_three_layers_is_refused(model):
    with pytest.raises(InputError, match="weight has 3 arrays"):
        dataclasses.replace(model, weight=model.weight[:3])


def test_a_neg_of_a_relu_layer_and_vectors_of_one_plane_are_refused(model, tmp_path):
    path = tmp_path / "m.safetensors"
    write(path, model, arrays={"neg1": model.mul[0]})
    assert "array neg1 is unknown" in refusal(path)
    grey = random_model(GeneratorSpec(4, 1, (Layer(3), Layer(1, activation="table"))))
    with pytest.raises(InputError, match="array v1 is unknown"):
        dataclasses.replace(grey, v1=np.zeros(4, np.int8))


def test_format_is_2():
    assert model_file.FORMAT == 2
    assert Model is model_file.Model
