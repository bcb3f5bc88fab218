# SPDX-License-Identifier: Apache-2.0
"""The page that runs the generator in a browser, and its small server."""
