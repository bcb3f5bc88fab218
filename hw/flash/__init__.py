# SPDX-License-Identifier: Apache-2.0
"""A model in the flash from which the chip gets its configuration: loaded at power-up."""
