# SPDX-License-Identifier: Apache-2.0
"""Generators trained elsewhere: folded BatchNorm, any names, and what cannot be imported."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from cli import main
from golden import model_file
from support.failures import InputError
from train.networks.float_generator import as_network
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator
from train.run.importing import fold, import_generator, read_offsets

SIZES = (100, 6, 5, 3, 1)


def build(*, bias=False, norm=None, affine=True):
    """A generator as others write them; running statistics away from where they start."""
    torch.manual_seed(0)
    modules = []
    for n in range(4):
        shape = (4, 1, 0) if n == 0 else (4, 2, 1)
        modules.append(nn.ConvTranspose2d(SIZES[n], SIZES[n + 1], *shape, bias=bias))
        if norm == "batch" and n < 3:
            batch_norm = nn.BatchNorm2d(SIZES[n + 1], affine=affine)
            batch_norm.running_mean.normal_()
            batch_norm.running_var.uniform_(0.5, 2)
            if affine:
                nn.init.normal_(batch_norm.weight, 1, 0.2)
                nn.init.normal_(batch_norm.bias)
            modules.append(batch_norm)
        modules.append(nn.ReLU() if n < 3 else nn.Tanh())
    return nn.Sequential(*modules).eval()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": True},
        {"norm": "batch"},
        {"norm": "batch", "bias": True},
        {"norm": "batch", "affine": False},
        {"norm": "batch", "affine": False, "bias": True},
    ],
    ids=str,
)
def test_the_run_computes_what_the_module_does(tmp_path, options):
    module = build(**options)
    torch.save(module.state_dict(), tmp_path / "g.pt")
    import_generator(tmp_path / "g.pt", tmp_path / "r", offsets_seed=4)
    config = RunConfig.load(tmp_path / "r")
    assert config.spec.channels == (6, 5, 3)
    generator = FloatGenerator.load(tmp_path / "r", config.spec)
    z = torch.randn(3, 100)
    with torch.no_grad():
        wanted, found = module(z[:, :, None, None]), as_network(generator, config.spec)(z)
    torch.testing.assert_close(found, wanted)


def test_names_do_not_matter():
    state = build(bias=True).state_dict()
    renamed = {f"x{n}": tensor for n, tensor in enumerate(state.values())}
    for a, b in zip(fold(state), fold(renamed)):
        for x, y in zip(a, b):
            np.testing.assert_array_equal(x, y)


def test_offsets_from_a_file_or_a_seed(tmp_path):
    torch.save(build().state_dict(), tmp_path / "g.pt")
    v1, v2 = np.random.default_rng(1).standard_normal((2, 100))
    np.savez(tmp_path / "v.npz", v1=v1, v2=v2)
    import_generator(tmp_path / "g.pt", tmp_path / "a", offsets=tmp_path / "v.npz", latents="tanh")
    config = RunConfig.load(tmp_path / "a")
    generator = FloatGenerator.load(tmp_path / "a", config.spec)
    np.testing.assert_array_equal(generator.offsets[1], v2.astype(np.float32))
    assert (config.recipe, config.latents, config.data) == ("import", "tanh", "g.pt")
    for name in "bc":
        import_generator(tmp_path / "g.pt", tmp_path / name, offsets_seed=9)
    b, c = (FloatGenerator.load(tmp_path / name, config.spec) for name in "bc")
    np.testing.assert_array_equal(b.offsets[0], c.offsets[0])
    with pytest.raises(InputError, match="one of them"):
        import_generator(tmp_path / "g.pt", tmp_path / "d")


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"v1": np.zeros(100)}, "v2"),
        ({"v1": np.zeros(100), "v2": np.zeros(99)}, "v2 is not 100"),
        ({"v1": np.full(100, np.inf), "v2": np.zeros(100)}, "v1 is not 100 finite"),
    ],
)
def test_offsets_that_are_none(tmp_path, arrays, says):
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(InputError, match=says):
        read_offsets(tmp_path / "v.npz")
    (tmp_path / "v.npz").write_text("nothing")
    with pytest.raises(InputError, match="has no v1 and v2"):
        read_offsets(tmp_path / "v.npz")


def test_offsets_damaged_or_not_real(tmp_path):
    path, good = tmp_path / "v.npz", np.zeros(100)
    np.savez_compressed(path, v1=np.arange(100.0), v2=np.arange(100.0))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[80] ^= 0xFF
    for damaged in (whole[:200], bytes(flipped)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="has no v1 and v2"):
            read_offsets(path)
    for array, says in ((good + 1j, "v1 is complex128"), (good + 1e300, "v1 is not 100 finite")):
        np.savez(path, v1=array, v2=good)
        with pytest.raises(InputError, match=says):
            read_offsets(path)


def edited(**changes):
    return dict(build(bias=True).state_dict()) | changes


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({}, "found 0 ConvTranspose2d"),
        ({k: v for k, v in build().state_dict().items() if k != "6.weight"}, "found 3"),
        (edited(**{"6.weight": torch.zeros(3, 3, 4, 4)}), r"layer 4 has shape \(3, 3, 4, 4\)"),
        (edited(**{"0.weight": torch.zeros(64, 6, 4, 4)}), r"layer 1 has shape \(64, 6, 4, 4\)"),
        (edited(**{"2.weight": torch.zeros(6, 5, 5, 5)}), r"layer 2 has shape \(6, 5, 5, 5\)"),
        (edited(**{"2.bias": torch.zeros(4)}), "not 5 long"),
        (edited(**{"2.bias": torch.full((5,), torch.nan)}), "layer 2 holds a NaN"),
        ({"fc.weight": torch.zeros(9, 9)}, r"fc\.weight has shape \(9, 9\)"),
        (edited(**{"6.gain": torch.ones(1)}), "no bias and BatchNorm"),
        (edited(**{"2.bias": torch.zeros(5, dtype=torch.complex64)}), "holds complex numbers"),
        (edited(**{"2.bias": torch.zeros(5, device="meta")}), "holds no values"),
        (edited(**{"2.bias": torch.full((5,), 1e300, dtype=torch.float64)}), "float32's range"),
        (edited(**{"4.weight": torch.full((5, 3, 4, 4), 1e35)}), r"g\.pt: .* out of range"),
        (
            build(norm="batch").state_dict() | {"1.running_var": torch.full((6,), -1.0)},
            "running variance is negative",
        ),
    ],
)
def test_other_generators_are_refused_with_one_line(tmp_path, state, says, capsys):
    torch.save(state, tmp_path / "g.pt")
    with pytest.raises(InputError, match=says):
        import_generator(tmp_path / "g.pt", tmp_path / "r", offsets_seed=0)
    assert not (tmp_path / "r").exists()


def test_how_the_tensors_were_kept_does_not_matter():
    state = build(bias=True).state_dict()
    kept = {n: nn.Parameter(tensor) for n, tensor in enumerate(state.values())}
    kept[1] = state["0.bias"].to_sparse()
    for a, b in zip(fold(state), fold({str(name): tensor for name, tensor in kept.items()})):
        for x, y in zip(a, b):
            np.testing.assert_array_equal(x, y)


def test_integer_names(tmp_path):
    state = dict(enumerate(build(bias=True).state_dict().values()))
    torch.save(state, tmp_path / "g.pt")
    import_generator(tmp_path / "g.pt", tmp_path / "r", offsets_seed=0)
    state[1] = torch.zeros(4)
    torch.save(state, tmp_path / "g.pt")
    with pytest.raises(InputError, match="not 6 long"):
        import_generator(tmp_path / "g.pt", tmp_path / "s", offsets_seed=0)


@pytest.mark.parametrize("left", [0, 1, 100, 2000, -30])
def test_a_file_cut_off(tmp_path, left):
    path = tmp_path / "g.pt"
    torch.save(build().state_dict(), path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match=r"^\S*g\.pt: is damaged or is not a state_dict; save it"):
        import_generator(path, tmp_path / "r", offsets_seed=0)


def test_files_that_are_no_state_dict(tmp_path):
    path = tmp_path / "g.pt"
    with pytest.raises(InputError, match=r"g\.pt: there is no such file"):
        import_generator(path, tmp_path / "r", offsets_seed=0)
    path.write_text("hello")
    with pytest.raises(InputError, match="is not a state_dict"):
        import_generator(path, tmp_path / "r", offsets_seed=0)
    torch.save(build(), path)  # a whole module runs code when it is loaded
    with pytest.raises(InputError, match="is not a state_dict"):
        import_generator(path, tmp_path / "r", offsets_seed=0)
    torch.save({"epoch": 3, "generator": build().state_dict()}, path)
    with pytest.raises(InputError, match="does not hold tensors by name alone"):
        import_generator(path, tmp_path / "r", offsets_seed=0)


def test_an_imported_run_quantizes(tmp_path):
    torch.save(build(norm="batch", bias=True).state_dict(), tmp_path / "g.pt")
    run, out = str(tmp_path / "r"), str(tmp_path / "m.safetensors")
    assert main(["import", str(tmp_path / "g.pt"), "--v-seed", "3", "--out", run]) == 0
    assert main(["quantize", run, "--out", out]) == 0
    model = model_file.load(out)
    assert model.training["recipe"] == "import"
    assert any(bias.any() for bias in model.bias)
    assert model.metrics["psnr"] > 38
    assert main(["import", str(tmp_path / "g.pt"), "--v-seed", "3", "--out", run]) == 2


def assert_imported(path, run, module):
    import_generator(path, run, offsets_seed=4)
    config = RunConfig.load(run)
    generator = FloatGenerator.load(run, config.spec)
    z = torch.randn(3, 100)
    with torch.no_grad():
        wanted, found = module(z[:, :, None, None]), as_network(generator, config.spec)(z)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("separator", [".", "_"])
@pytest.mark.parametrize("norm", [None, "batch"])
def test_keys_in_alphabetical_order(tmp_path, norm, separator):
    """A bias then stands before its weight, a BatchNorm's offset before its scale."""
    module = build(bias=True, norm=norm)
    state = {name.replace(".", separator): value for name, value in module.state_dict().items()}
    torch.save(dict(sorted(state.items(), key=by_number)), tmp_path / "g.pt")
    assert_imported(tmp_path / "g.pt", tmp_path / "r", module)


def by_number(item):
    return int(item[0][: 2 if item[0][1].isdigit() else 1]), item[0]


def test_weight_norm_that_was_removed(tmp_path):
    module = build(bias=True)
    layers = [each for each in module if isinstance(each, nn.ConvTranspose2d)]
    for layer in layers:
        nn.utils.parametrizations.weight_norm(layer)
    torch.save(module.state_dict(), tmp_path / "before.pt")
    with pytest.raises(InputError, match="found 8 ConvTranspose2d"):
        import_generator(tmp_path / "before.pt", tmp_path / "r", offsets_seed=0)
    for layer in layers:
        nn.utils.parametrize.remove_parametrizations(layer, "weight")
    assert next(iter(module.state_dict())) == "0.bias"
    torch.save(module.state_dict(), tmp_path / "g.pt")
    assert_imported(tmp_path / "g.pt", tmp_path / "r", module)


def test_convolutions_before_all_norms(tmp_path):
    module = build(norm="batch")
    names = {0: "deconv1", 3: "deconv2", 6: "deconv3", 9: "deconv4", 1: "bn1", 4: "bn2", 7: "bn3"}
    parts = nn.ModuleDict({name: module[n] for n, name in names.items()})
    torch.save(parts.state_dict(), tmp_path / "g.pt")
    assert_imported(tmp_path / "g.pt", tmp_path / "r", module)


def prelu():
    return nn.Sequential(*build(bias=True)[:2], nn.PReLU(6), *build(bias=True)[2:]).state_dict()


def no_statistics():
    return {k: v for k, v in build(norm="batch").state_dict().items() if "running" not in k}


def renamed(**names):
    """A state_dict with BatchNorm whose modules have other names, in the order of `names`."""
    state = build(norm="batch").state_dict()
    return {
        f"{new}.{name.partition('.')[2]}": value
        for old, new in zip("0134679", names.values())
        for name, value in state.items()
        if name.startswith(f"{old}.")
    }


LAYERS = {
    "a": "conv1",
    "b": "bn1",
    "c": "conv2",
    "d": "bn2",
    "e": "conv3",
    "f": "bn3",
    "g": "conv4",
}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (prelu(), r"2\.weight is of no ConvTranspose2d.*a PReLU say, cannot be imported"),
        (no_statistics(), r"1\.weight is of no ConvTranspose2d, and of no BatchNorm with running"),
        (renamed(**LAYERS | {"b": "bn2", "d": "bn1"}), "bn1 stands behind bn2, against their num"),
        (renamed(**LAYERS | {"c": "conv10"}), "conv3 stands behind conv10, against"),
        (
            renamed(**LAYERS | {"b": "x.bn", "c": "x.conv"}),
            r"x\.running_mean|x\.bn\.running_mean stands behind no ConvTranspose2d that it belongs",
        ),
        (
            dict(reversed(renamed(**LAYERS).items())),
            "stands behind conv4, against their numbers",
        ),
        (edited(**{"1.weight": torch.ones(1)}), r"1\.weight|1 stands behind 6"),
    ],
)
def test_names_that_contradict_the_order_are_refused(tmp_path, capsys, state, says):
    torch.save(state, tmp_path / "my g.pt")
    run = tmp_path / "r"
    arguments = ["import", str(tmp_path / "my g.pt"), "--v-seed", "0", "--out", str(run)]
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(rf"avatar: error: {tmp_path}/my g\.pt: .*({says})", line), line
    assert not run.exists()


def test_a_run_that_is_there_is_replaced_on_demand(tmp_path, capsys):
    torch.save(build().state_dict(), tmp_path / "g.pt")
    run = tmp_path / "my runs" / "r"
    arguments = ["import", str(tmp_path / "g.pt"), "--v-seed", "0", "--out", str(run)]
    assert main(arguments) == 0
    assert f"next: avatar quantize '{run}' --out model.safetensors" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "holds a run already; replace it with --force" in capsys.readouterr().err
    arguments[3] = "1"
    assert main([*arguments, "--force"]) == 0
    assert RunConfig.load(run).seed == 1
