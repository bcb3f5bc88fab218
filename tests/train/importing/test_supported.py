# SPDX-License-Identifier: Apache-2.0
"""Every row of the tables of docs/importing.md, with a network that has it."""

import re
from pathlib import Path

import numpy as np
import pytest

from support.failures import InputError
from tests.train.importing import cases_refused, cases_rewritten, cases_supported
from tests.train.importing.cases import CASES, REFUSED, begun, from_onnx, from_state
from train.importing.imported import float_outputs
from train.importing.network import import_network

DOC = (Path(__file__).parents[3] / "docs" / "importing.md").read_text()
MODULES = (cases_supported, cases_rewritten, cases_refused)  # each registers its cases


def rows(section):
    """The first column of a section's table."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", DOC, re.M | re.S)[1]
    table = re.findall(r"^\| ([^|]+) \|", text, re.M)
    return [row for row in table if row not in ("what", "---")]


def test_every_row_has_a_case_and_every_case_a_row():
    sections = ("Supported", "Rewritten", REFUSED)
    assert set(CASES) == {(section, row) for section in sections for row in rows(section)}
    registered = {function.__module__ for functions in CASES.values() for function in functions}
    assert registered == {module.__name__ for module in MODULES}


def check_good(tmp_path, function):
    path, z, wanted, options = function(tmp_path)
    imported = import_network(path, **options)
    found = float_outputs(imported, z)
    np.testing.assert_allclose(found, wanted, atol=1e-5, rtol=1e-4)
    assert wanted.std() > 0.01  # else anything would pass
    assert len(imported.table) == len(imported.spec.layers)
    return imported


def parameters(refused):
    return [
        pytest.param(function, id=f"{row}: {function.__name__}")
        for (section, row), functions in CASES.items()
        for function in functions
        if (section == REFUSED) == refused
    ]


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("function", parameters(refused=False))
def test_supported_and_rewritten_networks_are_equal(tmp_path, function):
    check_good(tmp_path, function)


@pytest.mark.parametrize("function", parameters(refused=True))
def test_refused_networks_are_refused_in_one_line(tmp_path, function):
    path, says, options = function(tmp_path)
    with pytest.raises(InputError) as caught:
        import_network(path, **options)
    line = str(caught.value)
    assert says in line
    assert line.startswith(str(path))
    assert "\n" not in line


def test_what_a_crop_leaves_unread_is_cut_off_the_layer_below(tmp_path):
    module = cases_rewritten.padded_one_by_one()
    imported = import_network(*from_state(tmp_path, module)[:1], layers=["3:padding=2"])
    found = [(layer.kernel_size, layer.padding) for layer in imported.spec.layers]
    assert found == [(4, 0), (4, 3), (1, 0)]

    b = begun()
    b.add("Relu")
    b.add("ConvTranspose", b.numbers(3, 1, 2, 2), strides=[2, 2])
    b.add(
        "Slice", b.array(np.array([3, 3])), b.array(np.array([-2, -2])), b.array(np.array([2, 3]))
    )
    imported = check_good(tmp_path, lambda tmp_path: from_onnx(tmp_path, b))
    # Of 4 rows one before and one behind: the first layer makes 2, after whose 4 one goes.
    assert [shape.out_size for shape in imported.spec.shapes] == [2, 3]
    assert [layer.padding for layer in imported.spec.layers] == [1, 1]
