# SPDX-License-Identifier: Apache-2.0
"""What one module of a state_dict may hold."""

import pytest
import torch

from support.failures import InputError
from train.importing.modules import modules_of

WEIGHT = torch.zeros(3, 4, 2, 2)


def test_modules_are_told_by_their_fields():
    state = {
        "a.weight": WEIGHT, "b.running_mean": torch.zeros(4), "a.bias": torch.zeros(4),
        "b.running_var": torch.ones(4), "b.num_batches_tracked": torch.tensor(1),
        "c.weight": torch.ones(1), "d.weight": torch.zeros(3, 5), "weight": torch.zeros(2, 2),
        "e.parametrizations.weight.original0": torch.ones(3, 1, 1, 1),
        "e.parametrizations.weight.original1": WEIGHT, "f.weight_v": WEIGHT,
        "f.weight_g": torch.ones(3, 1, 1, 1),
    }  # fmt: skip
    found = {module.name: module.kind for module in modules_of(state)}
    assert found == {
        "a": "convolution", "b": "norm", "c": "prelu", "d": "linear", "": "linear",
        "e": "convolution", "f": "convolution",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weight": torch.zeros(2, 3, 4)}, "m: holds weight (2, 3, 4); no layer that is read"),
        ({"weight": WEIGHT, "gain": torch.ones(1)}, "no layer that is read has that"),
        ({"bias": torch.ones(1)}, "m: holds bias (1,); no layer that is read has that"),
        ({"weight": torch.ones(2), "bias": torch.ones(2)}, "is a norm without running statistics"),
        ({"running_mean": torch.ones(2)}, "no layer that is read has that"),
        (
            {"running_mean": torch.ones(2), "running_var": torch.ones(3)},
            "m: its arrays are not of one length (running_mean (2,), running_var (3,))",
        ),
        ({"weight": WEIGHT + torch.nan}, "m.weight: holds a NaN or an infinity"),
        ({"weight": WEIGHT.to(torch.complex64)}, "m.weight: holds no real numbers"),
        ({"weight": WEIGHT.to("meta")}, "m.weight: holds no real numbers"),
        ({"weight": torch.zeros(1).expand(9999, 9999, 9, 9)}, "holds no real numbers, or too many"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_others_are_refused_by_name(fields, message):
    with pytest.raises(InputError) as caught:
        modules_of({f"m.{name}": each for name, each in fields.items()})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weight_v": WEIGHT, "weight_g": torch.ones(4, 1, 1, 1)}, "weight_norm does not fit"),
        (
            {"weight_orig": WEIGHT, "weight_u": torch.ones(4), "weight_v": torch.ones(5)},
            "spectral_norm does not fit",
        ),
        (
            {"weight_orig": WEIGHT, "weight_u": torch.ones(4), "weight_v": torch.ones(12)},
            "spectral_norm does not fit",  # of zeros: nothing to divide by
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_norms_of_weights_that_do_not_fit_are_refused(fields, message):
    (module,) = modules_of({f"m.{name}": each for name, each in fields.items()})
    with pytest.raises(InputError, match=message):
        module.weight(True)
