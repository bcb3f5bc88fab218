# SPDX-License-Identifier: Apache-2.0
"""The generator alone, compared with the reference layer by layer."""
