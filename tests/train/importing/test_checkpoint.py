# SPDX-License-Identifier: Apache-2.0
"""Files of tensors by name: which state_dict is meant, and what is none."""

import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from support.failures import InputError
from tests.train.importing.modules import plain
from train.importing.checkpoint import read_state_dict


def written(tmp_path, content):
    torch.save(content, tmp_path / "g.pt")
    return tmp_path / "g.pt"


def refusal(path, key=None):
    with pytest.raises(InputError) as caught:
        read_state_dict(path, key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_lone_state_dict_needs_no_key(tmp_path):
    state = plain().state_dict()
    for content in (state, {"epoch": 3, "model": state}, {"a": {"b": {"c": state}}}):
        assert list(read_state_dict(written(tmp_path, content))) == list(state)


def test_of_several_the_keys_are_listed(tmp_path):
    state = plain().state_dict()
    path = written(tmp_path, {"netG": state, "netD": state, "ema": {"g": state}})
    assert refusal(path) == "holds several state_dicts; say which: --key netG or netD or ema.g"
    assert refusal(path, "net") == "--key is net; it holds netG or netD or ema.g"
    for key in ("netG", "ema.g"):
        assert list(read_state_dict(path, key)) == list(state)


def test_a_key_may_be_the_beginning_of_the_names(tmp_path):
    state = plain().state_dict()
    both = {f"{part}.{name}": each for part in ("G.net", "D") for name, each in state.items()}
    path = written(tmp_path, both)
    assert list(read_state_dict(path, "G.net")) == list(state)
    assert list(read_state_dict(path, "G")) == [f"net.{name}" for name in state]
    assert refusal(path, "E") == "--key is E; it holds G or D"


def test_wrappers_and_counters_are_left_out(tmp_path):
    state = plain().state_dict()
    averaged = {"n_averaged": torch.tensor(3)} | {f"module.{k}": v for k, v in state.items()}
    assert list(read_state_dict(written(tmp_path, averaged))) == list(state)


class Touch:
    """A pickle that runs a command where it is loaded as one."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", ["torch", "pickle"])
def test_no_code_of_the_file_runs(tmp_path, save):
    content = {"0.weight": Touch(tmp_path / "ran")}
    path = tmp_path / "g.pt"
    if save == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    assert "holds more than tensors by name; save it with torch.save(generator." in refusal(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["g.pt", "g.safetensors"])
@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"\xff" * 100])
def test_damaged_files_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "is damaged or " in refusal(tmp_path / name)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"noise": torch.zeros(2, 3)}, torch.ones(2)])
def test_files_without_weights_are_refused(tmp_path, content):
    assert "holds no weights by name" in refusal(written(tmp_path, content))


def test_there_is_no_such_file(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "g.pt")


def test_safetensors_are_read(tmp_path):
    state = plain().state_dict()
    save_file(state, tmp_path / "g.safetensors")
    found = read_state_dict(tmp_path / "g.safetensors")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], each) for name, each in state.items())
