# SPDX-License-Identifier: Apache-2.0
"""support.collector: it rests, and runs again."""

import gc

import pytest

from support.collector import collector_at_rest


def test_it_rests_and_runs_again():
    assert gc.isenabled()
    with collector_at_rest():
        assert not gc.isenabled()
        with collector_at_rest():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failure_lets_it_run_again():
    @collector_at_rest()
    def fails():
        assert not gc.isenabled()
        raise ValueError("fails")

    for _ in range(2):
        with pytest.raises(ValueError, match="fails"):
            fails()
        assert gc.isenabled()
