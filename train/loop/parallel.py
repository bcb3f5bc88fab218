# SPDX-License-Identifier: Apache-2.0
"""Several processes that train one run, as ``torchrun`` starts them.

Every process holds all networks and draws every random number of the whole batch, but computes on
its own rows of it; DistributedDataParallel averages the gradients, so that all take the step that
one process would take.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn

from support.failures import CheckFailed, InputError

TIMEOUT = timedelta(minutes=10)  # of a process that waits for the others


@dataclass(frozen=True)
class World:
    """The processes of a run, seen from one of them.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0, and how many there are. Process 0 writes the files.
    device : str
        ``cpu``, ``cuda``, or the one of this process, ``cuda:1`` say.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def writes(self):
        """Whether this process writes the run's files and shows its progress."""
        return self.rank == 0

    def rows(self, batch):
        """Return the slice of a batch that this process computes.

        Raises
        ------
        InputError
            The batch does not divide among the processes.
        """
        count, left = divmod(batch, self.size)
        if left:
            raise InputError(
                f"--nproc-per-node: a batch of {batch} does not divide among {self.size} processes;"
                f" start {max(n for n in range(1, self.size) if batch % n == 0)}"
            )
        return slice(self.rank * count, (self.rank + 1) * count)

    def synchronised(self, network):
        """Return `network` with BatchNorm over the whole batch, the parameters being the same.

        Raises
        ------
        InputError
            It has BatchNorm, and the processes are on a CPU.
        """
        if self.size == 1 or not any(isinstance(m, nn.BatchNorm2d) for m in network.modules()):
            return network
        if self.device == "cpu":
            raise InputError(
                "--recipe: its BatchNorm over several processes needs a GPU; "
                "take another recipe, or one process"
            )
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)

    def shared(self, *networks):
        """Return a function ``run(compute, *arguments)`` that calls ``compute(*arguments)``.

        Where what it computes is differentiated, the gradients of all parameters of `networks`,
        each of which must take part, become the means over the processes.
        """
        if self.size == 1:
            return _call
        return nn.parallel.DistributedDataParallel(_Computation(networks))

    def mean(self, values):
        """Return the means over the processes of a dict of tensors, one number each."""
        if self.size == 1 or not values:
            return values
        total = torch.stack(list(values.values()))
        distributed.all_reduce(total)
        return dict(zip(values, total / self.size))

    def any(self, flag):
        """Whether `flag` is true in any of the processes, which all ask together."""
        if self.size == 1:
            return flag
        count = torch.tensor(int(flag))
        distributed.all_reduce(count)
        return bool(count)


ALONE = World()


def is_first():
    """Whether this is the process that speaks for all that torchrun started, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def _call(compute, *arguments):
    return compute(*arguments)


class _Computation(nn.Module):
    """Anything computed with some networks, as the one call that DistributedDataParallel wraps.

    It prepares for one backward pass at each call of its module's forward, and the discriminators
    are called several times before theirs, with a gradient of a gradient among it.
    """

    def __init__(self, networks):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, compute, *arguments):
        return compute(*arguments)


class SharedDraws:
    """A generator of random numbers that draws for the whole batch and gives out a process's rows.

    Parameters
    ----------
    rng : numpy.random.Generator
        Seeded alike in every process.
    batch : int
        Rows of the whole batch.
    rows : slice
        Those that are given out.
    """

    def __init__(self, rng, batch, rows):
        self._rng, self._batch, self._rows = rng, batch, rows

    def integers(self, high, *, size):
        """As :meth:`numpy.random.Generator.integers`; `size` begins with the process's rows."""
        return self._rng.integers(high, size=self._whole(size))[self._rows]

    def standard_normal(self, size, dtype):
        """As :meth:`numpy.random.Generator.standard_normal`, `size` as in :meth:`integers`."""
        return self._rng.standard_normal(self._whole(size), dtype)[self._rows]

    def _whole(self, size):
        own, *others = size if isinstance(size, tuple) else (size,)
        if own != self._rows.stop - self._rows.start:
            raise ValueError(f"{own} rows were asked for, the process has {self._rows}")
        return self._batch, *others


class Deserted(CheckFailed):
    """Another process of the run ended; the message is one line for the user."""


@contextmanager
def joined(device):
    """Yield the :class:`World` that torchrun's environment describes; without it, one process.

    Waits until all processes have come.

    Parameters
    ----------
    device : str
        ``cpu`` or ``cuda``.

    Raises
    ------
    InputError
        PyTorch lacks what the processes talk through, there are fewer GPUs than processes, or the
        others do not come.
    Deserted
        Another process ended while this one was at work.
    """
    size = _told("WORLD_SIZE") if "WORLD_SIZE" in os.environ else 1
    if size == 1:
        yield World(device=device)
        return
    world, backend = _place(size, device)
    try:
        distributed.init_process_group(backend, timeout=TIMEOUT)
        distributed.barrier()  # nobody leaves while others are still finding each other
    except (ValueError, RuntimeError) as error:
        raise InputError(f"torchrun: the processes do not meet ({_reason(error)})") from None
    # Of a weight with one channel in, whose strides can be told in two ways.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    try:
        yield world
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        raise Deserted(
            "another process of the run ended or cannot be reached; go on with --resume"
        ) from error
    finally:
        distributed.destroy_process_group()


def _place(size, device):
    """Return this process's :class:`World`, and the name of what it talks through."""
    backend = "nccl" if device == "cuda" else "gloo"
    if not (distributed.is_available() and getattr(distributed, f"is_{backend}_available")()):
        raise InputError(
            f"torchrun: this PyTorch has no {backend}, through which processes on {device} talk; "
            "start one process, or install another PyTorch"
        )
    rank, local = _told("RANK"), _told("LOCAL_RANK")
    if device == "cpu":
        return World(rank, size, device), backend
    if _told("LOCAL_WORLD_SIZE") > torch.cuda.device_count():
        raise InputError(
            f"--nproc-per-node: there are {torch.cuda.device_count()} GPUs; start so many processes"
        )
    torch.cuda.set_device(local)
    return World(rank, size, f"cuda:{local}"), "cpu:gloo,cuda:nccl"  # flags wait for no kernel


def _told(name):
    """Return a whole number that torchrun tells its processes in the environment."""
    text = os.environ.get(name, "")
    if not text.isdecimal():
        raise InputError(
            f"{name} is {text!r} in the environment; start with torchrun --nproc-per-node N"
        )
    return int(text)


def _reason(error):
    return (str(error).splitlines() or [type(error).__name__])[0]
