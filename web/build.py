# SPDX-License-Identifier: Apache-2.0
"""``python -m web.build OUT``: the page with the shipped models, ready for a browser.

The page lies in ``web/page``. A page opened from a file may load scripts, but no other files; so
each model becomes a script that holds the model file as base64, and ``models.js`` lists them.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from pathlib import Path

from golden.shipped import listing
from support.failures import InputError
from support.files import check_folder, make_folder, replacing

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "web" / "page"
MODELS = ROOT / "models"
FIRST = "categorical"  # the model that the page opens with


def files(models=MODELS):
    """Return the page's files: a dictionary from name, with ``/`` between folders, to bytes.

    Parameters
    ----------
    models : str or Path
        Folder of model files; other files in it are passed.

    Raises
    ------
    InputError
        There is no model in the folder.
    """
    made = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir())}
    rows = sorted(listing(models), key=lambda row: row["name"] != FIRST)
    for row in rows:
        text = base64.b64encode(Path(row["file"]).read_bytes()).decode()
        script = f'"use strict";\navatar.receiveModel({json.dumps(row["name"])}, "{text}");\n'
        made[f"models/{row['name']}.js"] = script.encode()
    shipped = [{"name": row["name"], "digest": row["id"]} for row in rows]
    made["models.js"] = f'"use strict";\navatar.shipped = {json.dumps(shipped)};\n'.encode()
    return made


def build(out, models=MODELS):
    """Write the page into the folder `out`, each file whole or not at all.

    Raises
    ------
    InputError
        The folder cannot be made or written to, or there is no model.
    """
    out = Path(out)
    check_folder(out)
    made = files(models)
    make_folder(out)
    make_folder(out / "models")
    for name, contents in made.items():
        with replacing(out / name) as beside:
            beside.write_bytes(contents)


def main(arguments=None):
    """Build the page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m web.build", description=__doc__.split("\n")[0])
    parser.add_argument("out", metavar="OUT", help="folder for the page, made where there is none")
    out = parser.parse_args(arguments).out
    try:
        build(out)
    except InputError as error:
        print(error, file=sys.stderr)
        return error.status
    print(f"open {Path(out) / 'index.html'} in a browser, or put {out} on any web host")
    return 0


if __name__ == "__main__":
    sys.exit(main())
