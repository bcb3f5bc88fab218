# SPDX-License-Identifier: Apache-2.0
"""A run of a generator trained elsewhere: its offsets, and that nothing is made of a bad one."""

import numpy as np
import pytest
import torch
from torch import nn

from cli import main
from golden import model_file
from support.failures import InputError
from train.importing import reading
from train.networks.float_generator import as_network
from train.run.config import RunConfig
from train.run.float_generator import FloatGenerator
from train.run.importing import import_generator, read_offsets

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
    assert config.spec.planes == 3
    with pytest.raises(InputError, match="give one of them"):
        import_generator(
            tmp_path / "g.pt", tmp_path / "d", offsets=tmp_path / "v.npz", offsets_seed=0
        )
    import_generator(tmp_path / "g.pt", tmp_path / "d")
    assert RunConfig.load(tmp_path / "d").spec.planes == 1


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
        read_offsets(tmp_path / "v.npz", 100)
    with pytest.raises(InputError, match=r"no such file; save v1 and v2 with numpy\.savez"):
        read_offsets(tmp_path / "w.npz", 100)
    (tmp_path / "v.npz").write_text("nothing")
    with pytest.raises(InputError, match="has no v1 and v2"):
        read_offsets(tmp_path / "v.npz", 100)


def test_offsets_that_unpack_to_gigabytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "FILE_MAX", 1 << 20)
    path = tmp_path / "v.npz"
    np.savez_compressed(path, v1=np.zeros(1 << 18), v2=np.zeros(100))
    assert path.stat().st_size < 10_000
    with pytest.raises(
        InputError, match=r"v\.npz: has .* GiB; save v1 and v2 with numpy\.savez, and"
    ):
        read_offsets(path, 1 << 18)


def test_offsets_damaged_or_not_real(tmp_path):
    path, good = tmp_path / "v.npz", np.zeros(100)
    np.savez_compressed(path, v1=np.arange(100.0), v2=np.arange(100.0))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[80] ^= 0xFF
    for damaged in (whole[:200], bytes(flipped)):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="has no v1 and v2"):
            read_offsets(path, 100)
    for array, says in ((good + 1j, "v1 is complex128"), (good + 1e300, "v1 is not 100 finite")):
        np.savez(path, v1=array, v2=good)
        with pytest.raises(InputError, match=says):
            read_offsets(path, 100)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"6.weight": torch.zeros(3, 3, 4, 4)}, "channels fit together in no order"),
        ({"2.bias": torch.full((5,), torch.nan)}, "2.bias: holds a NaN"),
        ({"2.bias": torch.zeros(5, device="meta")}, "holds no real numbers"),
        ({"4.weight": torch.full((5, 3, 4, 4), 1e35)}, r"g\.pt: .* out of range"),
    ],
)
def test_of_a_bad_generator_no_run_is_made(tmp_path, changes, says):
    torch.save(build(bias=True).state_dict() | changes, tmp_path / "g.pt")
    with pytest.raises(InputError, match=says):
        import_generator(tmp_path / "g.pt", tmp_path / "r", offsets_seed=0)
    assert not (tmp_path / "r").exists()


def test_offsets_are_of_generators_of_one_channel(tmp_path):
    torch.save(nn.Sequential(*build()[:6]).state_dict(), tmp_path / "g.pt")
    with pytest.raises(InputError, match="three channels in one pass"):
        import_generator(tmp_path / "g.pt", tmp_path / "r", offsets_seed=0)
    import_generator(tmp_path / "g.pt", tmp_path / "r")
    assert RunConfig.load(tmp_path / "r").spec.layers[-1].channels == 3


@pytest.mark.parametrize("left", [0, 1, 100, 2000, -30])
def test_a_file_cut_off(tmp_path, left):
    path = tmp_path / "g.pt"
    torch.save(build().state_dict(), path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match=r"^\S*g\.pt: is damaged or holds more than tensors"):
        import_generator(path, tmp_path / "r")


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


def test_what_check_found_is_printed(tmp_path, capsys):
    module = build()
    torch.save(module.state_dict(), tmp_path / "g.pt")
    z = torch.randn(2, 100, 1, 1)
    with torch.no_grad():
        np.savez(tmp_path / "check.npz", z=z, y=module(z))
    arguments = ["import", str(tmp_path / "g.pt"), "--out", str(tmp_path / "r"), "--check"]
    assert main([*arguments, str(tmp_path / "check.npz")]) == 0
    said = capsys.readouterr()
    assert f"{tmp_path / 'check.npz'}: pictures differ by at most " in said.out
    assert said.err == ""


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
