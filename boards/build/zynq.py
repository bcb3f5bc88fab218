# SPDX-License-Identifier: Apache-2.0
"""A Vivado project in which the machine is on the bus of a Zynq's processor. Never run in Vivado:
tests see that it names what the Verilog has, and no more.
"""

from __future__ import annotations

from string import Template

from amaranth.back import verilog

from support.collector import collector_at_rest

ADDRESS = 0x43C0_0000  # of the registers, in the range of the processor's first port

SCRIPT = Template("""\
# Joins the machine in top.v to the processor: run `vivado -mode batch -source top.tcl`.
# It makes top.bit, top.hwh (what PYNQ reads beside it) and the reports top_*.rpt.
create_project -force top vivado -part $part
add_files top.v
update_compile_order -fileset sources_1

create_bd_design system
create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7:5.5 ps
# Memory and pins of the processor are what the system that boots it has set up.
set_property -dict [list \\
    CONFIG.PCW_CRYSTAL_PERIPHERAL_FREQMHZ {$crystal_mhz} \\
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ {$clock_mhz} \\
    CONFIG.PCW_USE_M_AXI_GP0 {1} \\
    CONFIG.PCW_USE_FABRIC_INTERRUPT {1} \\
    CONFIG.PCW_IRQ_F2P_INTR {1} \\
] [get_bd_cells ps]
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \\
    -config {make_external "FIXED_IO, DDR"} [get_bd_cells ps]

create_bd_cell -type module -reference top avatar
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset:5.0 reset
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect:1.0 bus
set_property -dict [list CONFIG.NUM_SI {1} CONFIG.NUM_MI {1}] [get_bd_cells bus]
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins bus/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins bus/M00_AXI] [get_bd_intf_pins avatar/s_axi]
connect_bd_net [get_bd_pins ps/FCLK_CLK0] [get_bd_pins ps/M_AXI_GP0_ACLK] \\
    [get_bd_pins bus/aclk] [get_bd_pins reset/slowest_sync_clk] [get_bd_pins avatar/s_axi_aclk]
connect_bd_net [get_bd_pins ps/FCLK_RESET0_N] [get_bd_pins reset/ext_reset_in]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] \\
    [get_bd_pins bus/aresetn] [get_bd_pins avatar/s_axi_aresetn]
connect_bd_net [get_bd_pins avatar/interrupt] [get_bd_pins ps/IRQ_F2P]
assign_bd_address -offset $address -range 4K [get_bd_addr_segs avatar/s_axi/reg0]
validate_bd_design
save_bd_design

add_files [make_wrapper -files [get_files system.bd] -top]
set_property top system_wrapper [current_fileset]
launch_runs impl_1 -to_step write_bitstream
wait_on_run impl_1
open_run impl_1
report_timing_summary -file top_timing.rpt
report_utilization -file top_utilization.rpt
file copy -force vivado/top.runs/impl_1/system_wrapper.bit top.bit
file copy -force [glob vivado/top.*/sources_1/bd/system/hw_handoff/system.hwh] top.hwh
""")


@collector_at_rest()
def files(job):
    """Return the project's files by name, str.

    Parameters
    ----------
    job : boards.build.job.Job
        Its board has a processor, its plan the bus.
    """
    platform, plan = job.board.platform(), job.plan
    script = SCRIPT.substitute(
        part=f"{platform.device}{platform.package}-{platform.speed}",
        crystal_mhz=f"{job.board.processor_mhz:g}",
        clock_mhz=f"{plan.clock_hz / 1e6:g}",
        address=f"{ADDRESS:#010x}",
    )
    text = verilog.convert(plan.top(), name="top", platform=platform, strip_internal_attrs=True)
    return {"top.v": text, "top.tcl": script}
