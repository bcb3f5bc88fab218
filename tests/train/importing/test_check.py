# SPDX-License-Identifier: Apache-2.0
"""``--check``: pictures of the framework that a generator comes from, beside the import's."""

import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from support.failures import CheckFailed, InputError
from tests.train.importing.modules import pictures, plain
from train.importing import reading
from train.importing.check import check
from train.importing.network import import_network


def saved(tmp_path, module, **options):
    torch.save(module.state_dict(), tmp_path / "g.pt")
    return import_network(tmp_path / "g.pt", **options)


def write(tmp_path, **arrays):
    np.savez(tmp_path / "check.npz", **arrays)
    return tmp_path / "check.npz"


@pytest.mark.parametrize("maps", [False, True])
def test_floats_of_the_module_pass(tmp_path, maps):
    module = plain()
    z, y = pictures(module)
    path = write(tmp_path, z=z[:, :, None, None] if maps else z, y=y)
    line = check(saved(tmp_path, module), path)
    assert line.startswith(f"{path}: pictures differ by at most ")
    assert float(line.split()[-1]) < 1e-5
    import_network(tmp_path / "g.pt", check=path)


@pytest.mark.parametrize("end", [nn.Tanh, nn.Sigmoid])
@pytest.mark.parametrize("colours", [1, 3])
def test_pixels_that_are_rounded_or_cut_off_pass(tmp_path, end, colours):
    module = plain(channels=(5, 4, 3, colours), end=end)
    z, y = pictures(module)
    scaled = ((y + 1) / 2 if end is nn.Tanh else y).transpose(0, 2, 3, 1) * 255
    imported = saved(tmp_path, module, output="tanh" if end is nn.Tanh else "sigmoid")
    for pixels in (np.rint(scaled), np.floor(scaled)):
        path = write(tmp_path, z=z, y=pixels.astype(np.uint8))
        assert "of 255" in check(imported, path)
    if colours == 1:
        check(imported, write(tmp_path, z=z, y=pixels[..., 0].astype(np.uint8)))


@pytest.mark.parametrize(
    "options",
    [
        {"layers": ["1:activation=leaky_relu:0.2"]},
        {"eps": 0.1},
        {"output": "sigmoid"},
        {"output": "none"},
    ],
    ids=str,
)
def test_a_wrong_reading_fails(tmp_path, options):
    module = plain()
    path = write(tmp_path, **dict(zip("zy", pictures(module))))
    with pytest.raises(CheckFailed, match=r"differ by at most .*, over 0.005; say what the table"):
        saved(tmp_path, module, check=path, **options)


def test_pixels_that_are_two_levels_off_fail(tmp_path):
    module = plain()
    z, y = pictures(module)
    pixels = np.rint((y.transpose(0, 2, 3, 1) + 1) * 127.5)
    pixels[0, 0, 0] += 2 if pixels[0, 0, 0] < 100 else -2
    path = write(tmp_path, z=z, y=pixels.astype(np.uint8))
    with pytest.raises(CheckFailed, match="pictures differ by at most 2 of 255, over 1"):
        check(saved(tmp_path, module), path)


GOOD_Z, GOOD_Y = np.zeros((2, 5), np.float32), np.zeros((2, 1, 16, 16), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": GOOD_Z}, "has no z and y that can be read"),
        ({"z": GOOD_Z[:, :4], "y": GOOD_Y}, r"z is (2, 4); give (N, 5)"),
        ({"z": GOOD_Z[:0], "y": GOOD_Y[:0]}, r"z is (0, 5); give (N, 5)"),
        ({"z": GOOD_Z, "y": GOOD_Y[:1]}, r"y is (1, 1, 16, 16); the pictures are floats of shape"),
        ({"z": GOOD_Z, "y": GOOD_Y[:, 0]}, "the pictures are floats of shape (2, 1, 16, 16)"),
        ({"z": GOOD_Z, "y": GOOD_Y.astype(np.uint8)}, "uint8 pixels of shape (2, 16, 16, 1)"),
        ({"z": GOOD_Z, "y": GOOD_Y.astype(int)}, "y is int64; save float32, or y as uint8 pixels"),
        ({"z": GOOD_Z + np.nan, "y": GOOD_Y}, "z holds a NaN or an infinity"),
        ({"z": np.array([{}]), "y": GOOD_Y}, "has no z and y that can be read"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_other_arrays_are_refused(tmp_path, arrays, message):
    path = write(tmp_path, **arrays)
    with pytest.raises(InputError) as caught:
        check(saved(tmp_path, plain()), path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "check.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="has no z and y that can be read"):
        check(saved(tmp_path, plain()), path)


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "FILE_MAX", 1 << 20)
    path = tmp_path / "check.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("z.npy", bytes(2 << 20))
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match=r"GiB; save z and y with numpy\.savez, and nothing else"):
        check(saved(tmp_path, plain()), path)
