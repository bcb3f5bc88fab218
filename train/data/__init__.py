# SPDX-License-Identifier: Apache-2.0
"""Pictures to train on: drawn sprites, a folder, and more made of them."""
