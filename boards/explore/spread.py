# SPDX-License-Identifier: Apache-2.0
"""Independent work spread over processes, or over a Dask cluster."""

from __future__ import annotations

from contextlib import ExitStack

import joblib

from support.failures import InputError
from support.progress import bar

CONNECT_TIMEOUT = 10  # seconds


class _Parallel(joblib.Parallel):
    """joblib's, with a bar in place of its prints."""

    def __init__(self, done, **settings):
        super().__init__(**settings)
        self.done = done

    def print_progress(self):
        self.done.update(self.n_completed_tasks - self.done.n)


def spread(function, arguments, *, jobs=1, scheduler=None, desc="", disable=False):
    """Return ``[function(*a) for a in arguments]``, computed side by side.

    Parameters
    ----------
    function : callable
        Importable by name: it runs in other processes.
    arguments : sequence of tuple
    jobs : int
        Processes of this machine; -1: one a core.
    scheduler : str, optional
        Address of a Dask scheduler (``tcp://HOST:PORT``): its workers compute, in place of
        processes here. They need this project installed.
    desc : str
        What the progress bar says.
    disable : bool
        No bar.

    Raises
    ------
    InputError
        The scheduler does not answer.
    """
    with ExitStack() as stack:
        if scheduler is not None:
            from distributed import Client

            try:
                stack.enter_context(Client(scheduler, timeout=CONNECT_TIMEOUT))
            except (OSError, ValueError) as error:
                raise InputError(
                    f"{scheduler}: no Dask scheduler answers; start one with `dask scheduler`"
                ) from error
            stack.enter_context(joblib.parallel_config(backend="dask"))
        done = stack.enter_context(
            bar(total=len(arguments), desc=desc, unit="task", disable=disable)
        )
        settings = {} if scheduler is not None else {"n_jobs": jobs}
        return _Parallel(done, **settings)(joblib.delayed(function)(*each) for each in arguments)
