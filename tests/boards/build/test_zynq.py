# SPDX-License-Identifier: Apache-2.0
"""boards.build.zynq: the script names what the Verilog has. Vivado itself is not here."""

import json
import re

import cli


def test_the_project_joins_what_there_is(tmp_path, capsys):
    out = tmp_path / "p"
    sizes = "rows=4,columns=4,weight_words=256,map_words=256"
    arguments = ["build", "--board", "pynq-z2", "--bus", "axi", "--capacity", sizes]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert {file.name for file in out.iterdir()} == {"top.v", "top.tcl", "report.json"}
    assert json.loads((out / "report.json").read_text())["bus"] == "axi"

    script, text = ((out / name).read_text() for name in ("top.tcl", "top.v"))
    (ports,) = re.findall(r"^module top\((.*?)\);", text, re.MULTILINE | re.DOTALL)
    ports = {port.strip() for port in ports.split(",")}
    joined = set(re.findall(r"get_bd_pins avatar/(\w+)", script))
    assert joined == {"s_axi_aclk", "s_axi_aresetn", "interrupt"}
    assert joined | {"active", "error"} == {
        port for port in ports if not re.match(r"s_axi_(aw|w|b|ar|r)(?!eset)", port)
    }
    assert "get_bd_intf_pins avatar/s_axi]" in script
    assert "-part xc7z020clg400-1\n" in script
    assert "CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ {100}" in script
    assert "-offset 0x43c00000 " in script
    assert "$" not in script
    assert script.count("{") == script.count("}")
    assert script.count("[") == script.count("]")
