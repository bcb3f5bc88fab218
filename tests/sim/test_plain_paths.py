# SPDX-License-Identifier: Apache-2.0
"""sim.plain_paths: no build tool sees a blank, a quote or the like."""

import tempfile

import pytest

from sim.plain_paths import check_separators, is_plain, plain_folder, plain_names
from support.failures import InputError

ODD = ["my fpga", "it's", 'a"b', "$HOME", "a#b", "a:b", "é", "a;b", "a\\b", "a(b)", "a*", "a,b"]


@pytest.fixture(params=ODD)
def odd(request, tmp_path):
    folder = tmp_path / request.param
    folder.mkdir()
    return folder


def test_names_are_replaced_and_lead_there(odd):
    (odd / "file").write_text("here")
    with plain_names(odd, odd.parent) as plain:
        name = plain(odd / "file")
        assert is_plain(name)
        with open(name) as file:
            assert file.read() == "here"
        assert plain("-Iother") == "-Iother"


def test_a_build_comes_to_its_folder_even_if_it_fails(odd):
    with pytest.raises(KeyError), plain_folder(odd) as folder:
        assert is_plain(folder.resolve())
        (folder / "build.log").write_text("why")
        raise KeyError
    assert (odd / "build.log").read_text() == "why"
    assert not folder.exists()


def test_a_plain_folder_is_itself(tmp_path):
    with plain_folder(tmp_path) as folder:
        assert folder == tmp_path


def test_a_link_to_an_odd_folder_is_odd(tmp_path):
    (tmp_path / "my fpga").mkdir()
    (tmp_path / "link").symlink_to("my fpga")
    with plain_folder(tmp_path / "link") as folder:
        assert folder != tmp_path / "link"


def test_an_odd_temporary_folder_is_not_used(odd, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    with plain_folder(odd) as folder:
        assert is_plain(folder)


def test_nowhere_to_build_is_one_line(tmp_path, monkeypatch):
    folder = tmp_path / "my fpga"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match=r"my fpga: the C\+\+ tools .* set TMPDIR to"):
        with plain_folder(folder):
            pytest.fail("built")


@pytest.mark.parametrize("character", ":;,")
def test_a_folder_that_no_list_can_hold(character):
    with pytest.raises(InputError, match=f"^/a{character}b: a '{character}' in a folder's name"):
        check_separators(["/ab", f"/a{character}b"])
