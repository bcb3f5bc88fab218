# SPDX-License-Identifier: Apache-2.0
"""A played board for every test of the host, with less patience than for a real one."""

import pytest

from boards.host import exchange
from tests.boards.host.played import PlayedBoard


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(exchange, "ALLOWANCE", 0.05)
    played = PlayedBoard()
    yield played
    played.end()
