# SPDX-License-Identifier: Apache-2.0
"""state_dicts under any names, in any order: the module's pictures, or a refusal."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st
from torch import nn

from support.failures import InputError
from tests.train.importing.modules import Reshape, lively, pictures, plain
from tests.train.settings import THOROUGH
from train.importing.imported import as_text, float_outputs
from train.importing.network import import_network


def imported_from(tmp_path, state, **options):
    torch.save(state, tmp_path / "g.pt")
    return import_network(tmp_path / "g.pt", **options)


def assert_same(imported, module, latent=(5, 1, 1)):
    z, wanted = pictures(module, latent)
    np.testing.assert_allclose(float_outputs(imported, z), wanted, atol=1e-5, rtol=1e-4)


# How people name the layers and norms of a generator: of the n-th layer, from 0.
NAMES = {
    "sequential": lambda n: (f"main.{3 * n}", f"main.{3 * n + 1}"),
    "long": lambda n: (f"net.{3 * n + 7}", f"net.{3 * n + 8}"),
    "numbers": lambda n: (f"deconv{n + 1}", f"bn{n + 1}"),
    "norms from 0": lambda n: (f"deconv{n + 1}", f"bn{n}"),
    "norms from 1": lambda n: (f"conv.{n}", f"norm.{n + 1}"),
    "blocks": lambda n: (f"layer{n + 1}.0", f"layer{n + 1}.1"),
    "named blocks": lambda n: (f"up{n + 1}.conv", f"up{n + 1}.norm"),
    "backwards": lambda n: (f"up{9 - n}", f"norm{9 - n}"),
    "words": lambda n: ("abcde"[n], "vwxyz"[n]),
}


@st.composite
def checkpoints(draw):
    """A module, and its state_dict under other names in another order."""
    few = st.sampled_from((3, 4))  # often alike, so that channels tell nothing
    channels = [5, *draw(st.lists(few, min_size=1, max_size=4)), draw(st.sampled_from((1, 3)))]
    normed = [draw(st.booleans()) for _ in channels[2:]]
    names, modules, state = NAMES[draw(st.sampled_from(sorted(NAMES)))], [], {}
    for n, (inputs, outputs) in enumerate(pairwise(channels)):
        once = min(n, 1)
        layer = lively(nn.ConvTranspose2d(inputs, outputs, 4, once + 1, once), seed=n)
        modules.append(layer)
        conv, norm = names(n)
        state |= {f"{conv}.{name}": tensor for name, tensor in layer.state_dict().items()}
        if n < len(normed):
            if normed[n]:
                modules.append(lively(nn.Sequential(nn.BatchNorm2d(outputs)), seed=50 + n)[0])
                numbers = modules[-1].state_dict().items()
                state |= {f"{norm}.{name}": tensor for name, tensor in numbers}
            modules.append(nn.ReLU())
    order = draw(st.sampled_from(("as made", "sorted", "drawn")))
    keys = list(state)
    if order == "drawn":
        keys = draw(st.permutations(keys))
    elif order == "sorted":
        keys = sorted(keys)
    return nn.Sequential(*modules, nn.Tanh()), {key: state[key] for key in keys}


@given(checkpoints())
@THOROUGH
def test_any_names_in_any_order_draw_the_same_or_are_refused(tmp_path_factory, drawn):
    module, state = drawn
    try:
        imported = imported_from(tmp_path_factory.getbasetemp(), state)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
        reject()
    assert_same(imported, module.eval())


@pytest.mark.parametrize("names", ["sequential", "long", "numbers", "blocks", "named blocks"])
def test_names_of_one_kind_tell_where_channels_are_alike(tmp_path, names):
    module, count = plain(channels=(5, 4, 4, 4, 1)), 4
    state, old = {}, iter(module.state_dict().items())
    for n in range(count):
        conv, norm = NAMES[names](n)
        fields = [conv] if n == count - 1 else [conv, *[norm] * 5]
        for name in fields:
            key, tensor = next(old)
            state[f"{name}.{key.rpartition('.')[2]}"] = tensor
    assert_same(imported_from(tmp_path, dict(sorted(state.items()))), module)


def test_what_was_assumed_stands_in_the_table(tmp_path):
    module = plain()
    imported = imported_from(tmp_path, module.state_dict())
    text = as_text(imported)
    assert "assumed (--layer 1): stride 1, padding 0, relu, eps 1e-05" in text
    assert "assumed (--layer 3): stride 2, padding 1" in text
    assert "assumed (--output): tanh" in text
    assert [row["from"] for row in imported.table] == ["0, 1", "3, 4", "6"]
    assert [row["maps"] for row in imported.table] == ["4x4x4", "3x8x8", "1x16x16"]
    said = ["1:stride=1,padding=0,activation=relu", "2:stride=2,padding=1,activation=relu",
            "3:stride=2,padding=1"]  # fmt: skip
    assert "assumed" not in as_text(
        imported_from(tmp_path, module.state_dict(), layers=said, eps=1e-5, output="tanh")
    )


def test_eps_is_of_all_norms_or_of_one(tmp_path):
    module = plain()
    module[1].eps, module[4].eps = 1e-3, 0.8
    assert_same(
        imported_from(tmp_path, module.state_dict(), eps=1e-3, layers=["2:eps=0.8"]), module
    )


def test_layers_of_nothing_but_words_are_told_by_their_user(tmp_path):
    module = plain(channels=(5, 4, 4, 4, 1))
    to = dict(zip(dict.fromkeys(key.split(".")[0] for key in module.state_dict()), "anbmcld"))
    state = {f"{to[key.split('.')[0]]}.{key.split('.')[1]}": each
             for key, each in module.state_dict().items()}  # fmt: skip
    with pytest.raises(InputError, match="in several orders of a, b, c, d; say which with --layer"):
        imported_from(tmp_path, state)
    layers = ["1:module=a,norm=n", "2:module=b,norm=m", "3:module=c,norm=l"]
    assert_same(imported_from(tmp_path, state, layers=layers), module)


def test_a_generator_of_linear_upsample_and_leaky_relu(tmp_path):
    """Two Sequentials, the first norm in the second, an eps of its own, no activation there."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(
                nn.BatchNorm2d(4), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3, padding=1),
                nn.BatchNorm2d(4, 0.8), nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2),
                nn.Conv2d(4, 3, 3, padding=1), nn.BatchNorm2d(3, 0.8), nn.LeakyReLU(0.2),
                nn.Conv2d(3, 1, 3, padding=1), nn.Tanh(),
            )  # fmt: skip
            self.first = nn.Sequential(nn.Linear(5, 36), Reshape(4, 3, 3))

        def forward(self, z):
            return self.blocks(self.first(z))

    module = lively(Net())
    layers = [f"{n}:kind=upsample_conv,eps=0.8,activation=leaky_relu:0.2" for n in (2, 3)]
    imported = imported_from(tmp_path, module.state_dict(), layers=[*layers, "4:kind=conv"])
    assert_same(imported, module, (5,))
    assert imported.slopes == (1.0, 1.0, 0.2, 0.2)
    assert "no activation: the numbers leave no room for one" in as_text(imported)


def test_numbers_of_a_module_list_leave_no_room_but_have_activations(tmp_path):
    layers = [nn.ConvTranspose2d(5, 4, 4), nn.ConvTranspose2d(4, 1, 4, 2, 1)]
    module = lively(nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.Tanh()))
    assert_same(imported_from(tmp_path, nn.ModuleList(layers).state_dict()), module)


def test_a_gap_before_a_norm_is_asked_about(tmp_path):
    module = lively(
        nn.Sequential(
            nn.ConvTranspose2d(5, 4, 4),
            nn.ReLU(),
            nn.BatchNorm2d(4),
            nn.ConvTranspose2d(4, 1, 4, 2, 1),
        )
    )
    with pytest.raises(InputError, match=r"layer 1 \(0\): something stands before its BatchNorm 2"):
        imported_from(tmp_path, module.state_dict())


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["4:stride=2"], "--layer 4: it has 3 layers"),
        (["1:module=none at all"], "--layer 1: there is no module none at all"),
        (["2:norm=x"], "--layer 2: there is no module x"),
        (["3:activation=relu"], "layer 3 (6): is the last; its activation is said by --output"),
        (["2:stride=3"], "layer 2 (3): stride is 3; 1 or 2 is made"),
        (["2:output_padding=2"], "output_padding is 2; it is less than the stride, 2"),
        (["2:padding=9"], "layer 2 (3): gives maps of -8x-8"),
        (["2:kind=conv"], "its channels fit together in no order"),
        (["1:norm=4"], "--layer 1: its norm 4 takes 3 channels, the layer gives 4"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_refused(tmp_path, layers, message):
    with pytest.raises(InputError) as caught:
        imported_from(tmp_path, plain().state_dict(), layers=layers)
    assert message in str(caught.value)


def test_half_precision_and_safetensors_are_read(tmp_path):
    from safetensors.torch import save_file

    module = plain().half().float()
    save_file(module.half().state_dict(), tmp_path / "g.safetensors")
    assert_same(import_network(tmp_path / "g.safetensors"), module.float())


def test_prelus_of_their_own_names_follow_in_their_numbers_order(tmp_path):
    module = plain(norm=False, channels=(5, 4, 4, 3, 1), activation=nn.PReLU)
    with torch.no_grad():
        for n, each in enumerate(module):
            if isinstance(each, nn.PReLU):
                each.weight.fill_(0.1 * n)
    names = ["conv1", "act1", "conv2", "act2", "conv3", "act3", "conv4"]
    to = dict(zip("0123456", names))
    state = {f"{to[key[0]]}{key[1:]}": each for key, each in module.state_dict().items()}
    assert_same(imported_from(tmp_path, dict(sorted(state.items()))), module)
    del state["act2.weight"]
    with pytest.raises(
        InputError, match="act1: is a PReLU, and its name does not tell after which"
    ):
        imported_from(tmp_path, state)


def test_one_prelu_for_all_layers_is_asked_about(tmp_path):
    module = plain(norm=False)
    state = module.state_dict() | {"act.weight": torch.tensor([0.25])}
    with pytest.raises(InputError, match="act: is a PReLU, and its name does not tell"):
        imported_from(tmp_path, state)
    module[1] = module[3] = nn.LeakyReLU(0.25)
    said = [f"{n}:activation=leaky_relu:0.25" for n in (1, 2)]
    assert_same(imported_from(tmp_path, state, layers=said), module)
