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

from golden.shipped import load_models, shipped_files
from support.failures import InputError
from support.files import check_folder, make_folder, replacing

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "web" / "page"
MODELS = ROOT / "models"
FIRST = "compact-w8"  # the model that the page opens with


def files(models=None):
    """Return the page's files: a dictionary from name, with ``/`` between folders, to bytes.

    Parameters
    ----------
    models : iterable of Path, optional
        Model files, by default the shipped ones. Files that are no models are passed.

    Raises
    ------
    InputError
        There is no model among them.
    """
    made = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir())}
    shipped = []
    paths = shipped_files(MODELS) if models is None else sorted(models)
    for path, model in load_models(paths):
        text = base64.b64encode(path.read_bytes()).decode()
        script = f'"use strict";\navatar.receiveModel({json.dumps(path.stem)}, "{text}");\n'
        made[f"models/{path.stem}.js"] = script.encode()
        shipped.append({"name": path.stem, "digest": model.digest})
    if not shipped:
        raise InputError(f"{MODELS}: holds no model; get the project's folder models/")
    shipped.sort(key=lambda row: row["name"] != FIRST)
    made["models.js"] = f'"use strict";\navatar.shipped = {json.dumps(shipped)};\n'.encode()
    return made


def build(out, models=None):
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
