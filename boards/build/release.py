# SPDX-License-Identifier: Apache-2.0
"""All that a release has, with the hashes of it: ``make release``.

    python -m boards.build.release --out dist [--wheel FILE] [--boards B,B] [--table docs/boards.md]

Git holds the table, and none of the files. A build of one's own is compared with it by
`bitstream_sha256` in its ``report.json``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from boards.build.machines import bitstream, facts_of, file_of, machines
from golden.shipped import load_models, shipped_files
from support.failures import InputError
from support.files import new_folder, replacing, replacing_folder
from support.progress import Progress
from support.termination import end_on_sigterm, run

ROOT = Path(__file__).parents[2]
SUMS = "SHA256SUMS"
BEGIN, END = "<!-- table: bitstreams -->\n", "<!-- end -->"
HEADER = "| board | machine | build | clock | seed | SHA-256 of the bitstream |\n"
HEADER += "|---|---|---|--:|--:|---|\n"
ROW = re.compile(r"\| (\S+) \| (\S+) \| `(\w{16})` \| ([\d.]+) MHz \| (\d+) \| `(\w{64})` \|\n")


def collect(folder, wheel, chosen, progress):
    """Fill a folder; return the rows of the table.

    Parameters
    ----------
    folder : path
        Not there yet, or empty.
    wheel : path or None
    chosen : sequence of (boards.catalogue.board.Board, str)
        As :func:`boards.build.machines.machines` returns them.
    progress : support.progress.Progress

    Returns
    -------
    dict of (str, str) to str
        By board and machine.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    if wheel is not None:
        shutil.copyfile(wheel, folder / Path(wheel).name)
    for model, _ in load_models(shipped_files(ROOT / "models")):
        shutil.copyfile(model, folder / model.name)
    rows = {}
    for board, machine in chosen:
        build = bitstream(board, machine, progress)
        source = file_of(build)
        packed = folder / f"{board.name}-{machine}{source.suffix}.gz"
        packed.write_bytes(gzip.compress(source.read_bytes(), mtime=0))
        rows[board.name, machine] = row(machine, facts_of(build))
    names = sorted(path.name for path in folder.iterdir())
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / SUMS).write_text("".join(sums))
    return rows


def row(machine, facts):
    """Return the line of the table for a build's ``report.json``."""
    return (
        f"| {facts['board']} | {machine} | `{facts['build']}` | {facts['clock_hz'] / 1e6:g} MHz "
        f"| {facts['seed']} | `{facts['bitstream_sha256']}` |\n"
    )


def rows_of(text):
    """Return the lines of the table in a page, by board and machine."""
    inner = text.split(BEGIN)[1].split(END)[0]
    return {(found[1], found[2]): found[0] for found in ROW.finditer(inner)}


def with_rows(text, rows):
    """Return a page with some lines of its table made anew, in the order of the boards."""
    everything = rows_of(text) | rows
    order = [(board.name, machine) for board, machine in machines()]
    lines = [everything[key] for key in order if key in everything]
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{HEADER}{''.join(lines)}{END}{rest.split(END, 1)[1]}"


def main(argv=None):
    """Run the command line; return the exit status."""
    return run("release", lambda: _main(argv))


def _main(argv):
    parser = argparse.ArgumentParser(prog="python -m boards.build.release", description=__doc__)
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder, or a release")
    parser.add_argument("--wheel", metavar="FILE", help="the package")
    parser.add_argument("--boards", metavar="B,B", help="some boards (default: all)")
    parser.add_argument("--table", metavar="PAGE", help="page whose table is made anew")
    args = parser.parse_args(argv)
    chosen = machines(args.boards.split(",") if args.boards else None)
    if args.table is not None and BEGIN not in Path(args.table).read_text():
        raise InputError(f"{args.table}: has no line {BEGIN.strip()}")
    end_on_sigterm()
    exists = os.path.lexists(args.out)
    with replacing_folder(args.out, SUMS) if exists else new_folder(args.out) as out:
        with Progress() as progress:
            rows = collect(out, args.wheel, chosen, progress)
    if args.table is not None:
        page = Path(args.table)
        text = with_rows(page.read_text(), rows)
        with replacing(page) as beside:
            beside.write_text(text)
    print("".join(rows.values()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
