# SPDX-License-Identifier: Apache-2.0
"""The tables, figures and study of docs/hardware.md."""

import numpy as np
import pytest

from benchmarks import beyond, hardware_tables, waveform
from golden.spec import GeneratorSpec
from support.failures import InputError


def test_winograd_is_exact():
    assert beyond.winograd_exact(seed=1)


def test_operand_ranges_are_reached_and_never_left():
    acts, weights = beyond.operands(5)
    corners = np.array(np.meshgrid(*[[0, 255]] * 9)).reshape(9, -1).T.reshape(-1, 3, 3)
    found = np.abs(beyond.B @ corners @ beyond.B.T).max(axis=0)
    np.testing.assert_array_equal(acts, found)
    corners = np.array(np.meshgrid(*[[-15, 15]] * 4)).reshape(4, -1).T.reshape(-1, 2, 2)
    np.testing.assert_array_equal(weights, np.abs(beyond.G @ corners @ beyond.G.T).max(axis=0))


def test_two_products_fit_as_in_the_hardware():
    assert [beyond.packs(255, 2 ** (bits - 1) - 1) for bits in (4, 5, 6)] == [True, True, False]


def test_products_of_winograd():
    plain, fast = beyond.products(GeneratorSpec.preset("compact"))
    assert sum(plain) == 10_920_320
    assert fast[1] / plain[1] == pytest.approx(36 / 49)
    assert fast[2] / plain[2] == pytest.approx(144 / 225)


def test_tables_replace_what_stood_there(monkeypatch):
    monkeypatch.setitem(hardware_tables.TABLES, "cycles", lambda: "| new |")
    text = "a\n<!-- table: cycles -->\n| old |\n<!-- end -->\nb\n"
    filled = hardware_tables.fill(text)
    assert filled == text.replace("old", "new")
    assert hardware_tables.fill(filled) == filled
    with pytest.raises(InputError, match="table 'speed' is unknown"):
        hardware_tables.fill(text.replace("cycles", "speed"))


def test_lost_cycles_sum_to_all():
    header, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in hardware_tables.lost().splitlines()
    )
    assert len(header) == 7
    numbers = np.array([[float(cell.replace(",", "")) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(numbers[1:].sum(axis=0), numbers[0], atol=0.3)


def test_a_waveform_is_read_by_clock_cycles(tmp_path):
    scopes = {}
    for _, module, name in waveform.SIGNALS:
        scopes.setdefault(module, []).append(name)
    lines, code = ["$scope module top $end", "$var wire 1 ! clk $end"], 34
    codes = {}
    for module, names in scopes.items():
        lines.append(f"$scope module core.{module} $end")
        for name in names:
            codes[name] = chr(code)
            lines.append(f"$var wire 2 {chr(code)} {name} [1:0] $end")
            code += 1
        lines.append("$upscope $end")
    lines += ["$upscope $end", "$enddefinitions $end", "#0", "0!"]
    lines += [f"b0 {code}" for code in codes.values()]
    lines += ["1!", "0!", "1!", f"b10 {codes['beat.layer']}", "0!", "1!"]
    path = tmp_path / "dump.vcd"
    path.write_text("\n".join(lines) + "\n")
    changes = waveform.read(path)
    assert changes["layer"] == [(0, 0), (2, 2)]
    assert changes["end"] == [(3, 0)]
    path.write_text("\n".join(lines[:4]) + "\n")
    with pytest.raises(InputError, match="has no signal for"):
        waveform.read(path)
