# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are its pictures."""

import os

import numpy as np
import pytest
from PIL import Image

from train.data.finding import find, kind_of, looks_like_picture


def draw(path, kind="PNG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path, format=kind)


@pytest.fixture
def strays(tmp_path):
    """A folder of two pictures above one of three."""
    for name in ("b.png", "a.png", "all/2.png", "all/10.png", "all/1.jpg"):
        draw(tmp_path / name)
    return tmp_path


def test_pictures_below_are_counted_or_read(strays):
    found = find(strays)
    assert (found.names, found.below, found.class_folders) == (["a.png", "b.png"], 3, False)
    found = find(strays, recursive=True)
    assert found.names == ["a.png", "all/1.jpg", "all/10.png", "all/2.png", "b.png"]
    assert (found.below, found.class_folders, found.folders) == (0, False, 2)


def test_class_folders_are_read_as_torchvision_does(tmp_path):
    for name in ("b/x.png", "a-b/y.png", "a/z.png", "a/deeper/0.png"):
        draw(tmp_path / name)
    (tmp_path / "labels.csv").write_text("file,class\n")
    found = find(tmp_path)
    assert found.names == ["a/deeper/0.png", "a/z.png", "a-b/y.png", "b/x.png"]
    assert (found.class_folders, found.folders, found.below) == (True, 4, 0)


def test_content_and_name_tell_a_picture(tmp_path):
    draw(tmp_path / "no_suffix")
    draw(tmp_path / "wrong.csv", "JPEG")
    draw(tmp_path / "bitmap.dat", "BMP")
    (tmp_path / "broken.WebP").write_bytes(b"")
    (tmp_path / "drawing.svg").write_text("<svg/>")
    (tmp_path / "notes.txt").write_text("BMX bikes, 12 of them")
    (tmp_path / "pictures.csv").write_text("file,row\n")
    np.save(tmp_path / "latents.npy", np.zeros(3))
    assert find(tmp_path).names == [
        "bitmap.dat", "broken.WebP", "drawing.svg", "no_suffix", "wrong.csv",
    ]  # fmt: skip
    assert not find(tmp_path).left_out


def test_hidden_pictures_are_counted_and_what_is_none_is_not(tmp_path):
    draw(tmp_path / "a.png")
    draw(tmp_path / ".b.png")
    draw(tmp_path / ".thumbnails/c.png")
    (tmp_path / "._a.png").write_bytes(b"\0\x05\x16\x07 what a Mac leaves beside a file")
    found = find(tmp_path, recursive=True)
    assert found.names == ["a.png"]
    assert found.left_out == {"hidden by a dot in the name": [".b.png", ".thumbnails/c.png"]}


def test_nothing_waits_for_a_pipe_and_no_link_leads_round(tmp_path):
    draw(tmp_path / "a/1.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a/round").symlink_to(tmp_path)
    (tmp_path / "a/2.png").symlink_to(tmp_path / "a/1.png")
    found = find(tmp_path)
    assert found.names == ["a/1.png", "a/2.png"]
    assert {reason: sorted(names) for reason, names in found.left_out.items()} == {
        "no ordinary file": ["gone.png", "pipe.png"]
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_closed_folder_is_named(tmp_path):
    draw(tmp_path / "a/1.png")
    (tmp_path / "closed").mkdir(mode=0)
    assert find(tmp_path).left_out == {"a folder that cannot be opened": ["closed"]}
    with pytest.raises(PermissionError):
        find(tmp_path / "closed")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_kinds(tmp_path, kind):
    draw(tmp_path / "a", kind)
    assert kind_of((tmp_path / "a").read_bytes()[:32]) == kind
    assert looks_like_picture(tmp_path / "a")
