# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

import pytest

from support.failures import InputError
from support.files import (
    check_destination,
    check_replaceable,
    check_unused,
    make_folder,
    new_folder,
    replacing,
    replacing_folder,
)


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
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "none" / "a.png", tmp_path, os.devnull):
        with pytest.raises(InputError, match=r"file is a file|regular file") as refusal:
            check_destination(path)
        assert str(refusal.value).startswith(f"{path}: ")


def test_folders_on_the_way_are_made_when_the_file_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("deep/er/a.txt")
    check_destination(path)
    assert not Path("deep").exists()
    with pytest.raises(ZeroDivisionError), replacing(path):
        _ = 1 // 0
    assert not Path("deep").exists()
    with replacing(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"
    with new_folder("other/er/f") as folder:
        (folder / "a").touch()
    assert os.listdir("other/er/f") == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_far_above_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="is not writable"):
        check_destination(tmp_path / "deep" / "er" / "a.txt")


def test_what_took_work_is_replaced_on_demand_only(tmp_path):
    path = tmp_path / "m.safetensors"
    check_unused(path, False)
    path.touch()
    with pytest.raises(InputError, match=r"m\.safetensors: is there already; --force replaces it"):
        check_unused(path, False)
    check_unused(path, True)


def test_a_folder_of_ours_is_replaced_whole_or_not_at_all(tmp_path):
    old = tmp_path / "b"
    old.mkdir()
    (old / "report.json").write_text("old")
    (old / "more").touch()
    with pytest.raises(ZeroDivisionError), replacing_folder(old, "report.json") as beside:
        with new_folder(beside) as folder:
            (folder / "report.json").write_text("new")
        _ = 1 // 0
    assert (old / "report.json").read_text() == "old"
    with replacing_folder(old, "report.json") as beside, new_folder(beside) as folder:
        (folder / "report.json").write_text("new")
    assert {path.name: path.read_text() for path in old.iterdir()} == {"report.json": "new"}
    assert os.listdir(tmp_path) == ["b"]
    (old / "report.json").unlink()
    with pytest.raises(InputError, match=r"b: --force does not replace it, it has no report\.json"):
        check_replaceable(old, "report.json")


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


def test_folders_are_made_with_those_on_the_way(tmp_path):
    make_folder(tmp_path / "deep" / "new")
    make_folder(tmp_path / "deep" / "new")
    assert (tmp_path / "deep" / "new").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "new", tmp_path / "file"):
        with pytest.raises(InputError, match="is a file"):
            make_folder(path)
