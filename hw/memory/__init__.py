# SPDX-License-Identifier: Apache-2.0
"""External memory: controller, pins and calibration of an SDR SDRAM."""
