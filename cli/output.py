# SPDX-License-Identifier: Apache-2.0
"""What a verb prints: its result as text or as JSON, and notices beside it."""

import json
import sys


def notice(text):
    """Say something beside a verb's result."""
    print(f"avatar: {text}", file=sys.stderr)


def show(args, facts, as_text, *, file=None):
    """Print a result: JSON where --json asks for it, else the lines that `as_text` makes of it."""
    text = json.dumps(facts, allow_nan=False) if args.json else as_text(facts)
    print(text, file=file or sys.stdout)
