# SPDX-License-Identifier: Apache-2.0
"""Processes take turns; one that waits says so, and not for ever."""

import pytest

from support import cache
from support.cache import cache_dir, lock
from support.failures import InputError


def test_the_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "avatar-gan-fpga"


def test_a_free_lock_says_nothing(tmp_path, capsys):
    for _ in range(2):
        with lock(tmp_path / "new" / "step.lock"):
            pass
    assert capsys.readouterr().err == ""


def test_a_lock_that_another_holds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cache, "NOTICE_AFTER", 0.05)
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.5)
    path = tmp_path / "step.lock"
    with (
        lock(path),
        pytest.raises(InputError, match=r"another process holds \S*step\.lock for"),
        lock(path),
    ):
        pytest.fail("two at a time")
    assert capsys.readouterr().err == "avatar: waiting for another process at step\n"
    with lock(path):
        pass
