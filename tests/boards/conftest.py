# SPDX-License-Identifier: Apache-2.0
"""A played board for every test of the host, with less patience than for a real one."""

import pytest

from boards import host
from tests.boards.played import PlayedBoard


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(host, "ALLOWANCE", 0.05)
    played = PlayedBoard()
    yield played
    played.end()
