# SPDX-License-Identifier: Apache-2.0
"""Tensors by name from a .pt or .safetensors file, without running code from it."""

from __future__ import annotations

import warnings
from pathlib import Path

import safetensors
import torch

from support.failures import InputError
from train.importing.reading import check_file, printable

REMEDY = "save it with torch.save(generator.state_dict(), FILE)"
DEPTH_MAX = 5  # of dictionaries in dictionaries
WRAPPERS = ("module.", "_orig_mod.")  # DataParallel and torch.compile put them before every name

COUNTERS = ("n_averaged",)  # of torch.optim.swa_utils.AveragedModel


def read_state_dict(path, key=None):
    """Read the state_dict of one generator.

    Parameters
    ----------
    path : Path
    key : str, optional
        Which of several state_dicts: the keys that lead to it, joined by dots, or what the names of
        its tensors begin with.

    Returns
    -------
    dict of str to torch.Tensor
        In the file's order, without the prefixes of wrappers.

    Raises
    ------
    InputError
        The file is damaged or something else, or holds several state_dicts.
    """
    path = Path(path)
    check_file(path)
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    found = dict(_state_dicts(content, ()))
    if not found:
        raise InputError(f"holds no weights by name; {REMEDY}")
    state = _chosen(found, key)
    state = {name: each for name, each in state.items() if name not in COUNTERS}
    while True:
        wrapper = next((each for each in WRAPPERS if _all_begin(state, each)), None)
        if wrapper is None:
            return {printable(name): tensor for name, tensor in state.items()}
        state = {name.removeprefix(wrapper): tensor for name, tensor in state.items()}


def _all_begin(state, wrapper):
    return all(name.startswith(wrapper) for name in state)


def _safetensors(path):
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception:  # a damaged file raises anything
        raise InputError(f"is damaged or is no safetensors file; {REMEDY}") from None


def _torch(path):
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # PyTorch's own advice is to run the file's code
        raise InputError(f"is damaged or holds more than tensors by name; {REMEDY}") from None


def _state_dicts(content, keys):
    """Yield (keys joined by dots, tensors by name) of every state_dict in nested dictionaries."""
    if not isinstance(content, dict) or len(keys) > DEPTH_MAX:
        return
    named = {name: each for name, each in content.items() if isinstance(name, str)}
    tensors = {name: each for name, each in named.items() if torch.is_tensor(each)}
    # Not the noise that some keep beside their state_dicts.
    if any(name.split(".")[-1].startswith(("weight", "original")) for name in tensors):
        yield ".".join(keys), tensors
    for name, each in named.items():
        yield from _state_dicts(each, (*keys, name))


def _chosen(found, key):
    if key is None:
        if len(found) > 1:
            raise InputError(f"holds several state_dicts; say which: --key {_listed(found)}")
        return next(iter(found.values()))
    if key in found:
        return found[key]
    for keys, state in found.items():
        begin = f"{key.removeprefix(keys).lstrip('.') if keys else key}."
        if key.startswith(keys):
            part = {
                name.removeprefix(begin): tensor
                for name, tensor in state.items()
                if name.startswith(begin)
            }
            if part:
                return part
    names = dict.fromkeys(name.split(".")[0] for state in found.values() for name in state)
    choice = _listed(found) if any(found) else _listed(names)
    raise InputError(f"--key is {printable(key)}; it holds {choice}")


def _listed(names):
    shown = [printable(str(name)) or "(the top)" for name in names]
    return " or ".join(shown[:8]) + (" or ..." if len(shown) > 8 else "")
