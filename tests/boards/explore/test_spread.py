# SPDX-License-Identifier: Apache-2.0
"""boards.explore.spread: the same work here and on Dask's own local cluster."""

import pytest
from distributed import LocalCluster

from boards.explore.spread import spread
from support.failures import InputError

CALLS = [(n, 3) for n in range(5)]
EXPECTED = [pow(*call) for call in CALLS]


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_here(jobs):
    assert spread(pow, CALLS, jobs=jobs, disable=True) == EXPECTED


def test_a_cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        assert spread(pow, CALLS, scheduler=cluster.scheduler_address, disable=True) == EXPECTED


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr("boards.explore.spread.CONNECT_TIMEOUT", 0.5)
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        spread(pow, CALLS, scheduler="tcp://127.0.0.1:9", disable=True)
