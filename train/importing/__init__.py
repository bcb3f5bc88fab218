# SPDX-License-Identifier: Apache-2.0
"""Generators of other frameworks, from a state_dict or an ONNX file, in layers of ours."""
