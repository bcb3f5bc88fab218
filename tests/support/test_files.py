# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

import pytest

from support.failures import InputError
from support.files import check_destination, make_folder, replacing


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as beside:
        beside.write_text("new")
        assert (beside.parent, beside.suffix) == (tmp_path, ".txt")
        assert not path.exists()
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_old_file_and_leaves_nothing(tmp_path, exception):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(exception), replacing(path) as beside:
        beside.write_text("half")
        raise exception
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"a\.txt: cannot be written \(No space left"):
        with replacing(tmp_path / "a.txt"):
            raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with replacing(tmp_path / "link.txt") as beside:
        beside.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_impossible_destinations_are_refused(tmp_path):
    for path in (tmp_path / "none" / "a.png", tmp_path, os.devnull):
        with pytest.raises(InputError, match=r"folder|regular file"):
            check_destination(path)


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_folder_that_another_process_makes_meanwhile(tmp_path, monkeypatch, looks):
    """Whatever make_folder has seen of it by then: it appears after so many looks."""
    seen, exists = [], Path.exists

    def look(path):
        found = exists(path)
        seen.append(path)
        if len(seen) == looks:
            path.mkdir(exist_ok=True)
        return found

    monkeypatch.setattr(Path, "exists", look)
    make_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_folders_are_made_one_deep(tmp_path):
    make_folder(tmp_path / "new")
    make_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "none" / "new", tmp_path / "file"):
        with pytest.raises(InputError):
            make_folder(path)
    assert not (tmp_path / "none").exists()
