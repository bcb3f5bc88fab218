# SPDX-License-Identifier: Apache-2.0
"""The reference: network description, model file, integer arithmetic, generator."""
