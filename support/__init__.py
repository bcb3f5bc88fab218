# SPDX-License-Identifier: Apache-2.0
"""Files, the cache, finding tools, failures and exit status, progress."""
