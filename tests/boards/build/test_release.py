# SPDX-License-Identifier: Apache-2.0
"""avatar bitstream and make release: built once, kept by content, and listed by hash."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

import cli
from boards.build import machines, make, release
from boards.catalogue.registry import BOARDS
from hw.build_plan import BuildPlan
from support import cache
from support.progress import Progress

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "boards.md"
QUICK = ("orangecrab-25f", "tang-nano-20k")  # machines that are elaborated in a second or two


@pytest.fixture
def builds(tmp_path, monkeypatch):
    """Let a build be a folder with two files, in a cache of its own; return the calls."""
    calls = []

    def stand_in(board, capacity, out, progress, *, seed):
        calls.append((board.name, capacity, seed))
        out.mkdir()
        bits = f"{board.name} {capacity} {seed}".encode()
        (out / "top.bit").write_bytes(bits)
        facts = {
            "board": board.name,
            "device": board.device_name,
            "model": None,
            "build": "0123456789abcdef",
            "clock_hz": 125_000_000,
            "seed": seed,
            "bitstream_sha256": hashlib.sha256(bits).hexdigest(),
        }
        (out / "report.json").write_text(json.dumps(facts))
        return facts

    monkeypatch.setattr(make, "make", stand_in)
    monkeypatch.setattr(cache, "cache_dir", lambda: tmp_path / "cache")
    return calls


def test_a_machine_is_built_once(builds, tmp_path, capsys):
    ask = ["bitstream", "--board", "ulx3s-85f", "--json"]
    folders = []
    for more in (
        [],
        [],
        ["--capacity", "sdram-w5"],
        ["--capacity", "w5"],
        ["--capacity", "rows=8"],
    ):
        assert cli.main([*ask, *more]) == 0
        folders.append(json.loads(capsys.readouterr().out)["folder"])
    assert folders[0] == folders[1] == folders[3]
    assert len(set(folders)) == 3
    assert [(seed, capacity.array.rows) for _, capacity, seed in builds] == [
        (1, 16),
        (1, 16),
        (1, 8),
    ]
    out = tmp_path / "m"
    for force in ([], ["--force"]):
        assert cli.main([*ask[:-1], "--out", str(out), *force]) == 0
    shown = capsys.readouterr().out.split("\n\n")[-1]
    assert f"SHA-256       {hashlib.sha256((out / 'top.bit').read_bytes()).hexdigest()}" in shown
    assert f"folder        {out}" in shown
    assert len(builds) == 3


@pytest.mark.parametrize(
    ("more", "seed"), [([], 2), (["--capacity", "w8"], 1), (["--capacity", "rows=8"], 1)]
)
def test_a_machine_is_placed_with_the_seed_that_its_board_names(builds, capsys, more, seed):
    assert cli.main(["bitstream", "--board", "orangecrab-85f", *more]) == 0
    assert [given for *_, given in builds] == [seed]


def test_other_sources_are_another_build(builds, monkeypatch, capsys):
    for own in ("a", "b", "a"):
        monkeypatch.setattr(machines, "_own_sources", lambda own=own: own)
        assert cli.main(["bitstream", "--board", "orangecrab-25f"]) == 0
    assert len(builds) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--board", "pynq-z2"], "pynq-z2: Vivado makes its bitstream"),
        (["--board", "none"], "board 'none' is unknown"),
        (["--board", "ulx3s-85f", "--capacity", "w9"], "has no machine 'w9'"),
        (["--board", "ulx3s-85f", "--out", str(ROOT)], "is there already; --force"),
    ],
)
def test_what_is_no_bitstream_is_one_line(builds, capsys, arguments, complaint):
    assert cli.main(["bitstream", *arguments]) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert not builds


def test_a_release_has_everything_and_its_hashes(builds, tmp_path, capsys):
    wheel, page, out = tmp_path / "a.whl", tmp_path / "page.md", tmp_path / "dist"
    wheel.write_bytes(b"wheel")
    stale = "| ulx3s-85f | w5 | `0000000000000000` | 100 MHz | 1 | `" + "0" * 64 + "` |\n"
    page.write_text(f"before\n{release.BEGIN}{release.HEADER}{stale}{release.END}\nbehind\n")
    arguments = ["--out", str(out), "--wheel", str(wheel), "--table", str(page)]
    for boards in ("tang-nano-20k,orangecrab-25f", "tang-nano-20k"):  # one takes the other's place
        assert release.main([*arguments, "--boards", boards]) == 0
    assert len(builds) == 2
    names = {path.name for path in out.iterdir()}
    models = {path.name for path in (ROOT / "models").glob("*-w?.safetensors")}
    assert names == models | {"a.whl", "tang-nano-20k-w5.bit.gz", release.SUMS}
    listed = dict(
        reversed(line.split("  ")) for line in (out / release.SUMS).read_text().splitlines()
    )
    assert set(listed) == names - {release.SUMS}
    for name, sha in listed.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == sha
    bits = gzip.decompress((out / "tang-nano-20k-w5.bit.gz").read_bytes())
    text = page.read_text()
    assert (text[:7], text[-7:]) == ("before\n", "behind\n")
    rows = release.rows_of(text)
    # In the order of the boards; those that were not built now stay.
    assert list(rows) == [("ulx3s-85f", "w5"), ("orangecrab-25f", "w5"), ("tang-nano-20k", "w5")]
    assert hashlib.sha256(bits).hexdigest() in rows["tang-nano-20k", "w5"]
    assert rows["ulx3s-85f", "w5"] == stale


def test_a_release_is_no_other_folder(builds, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    assert release.main(["--out", str(tmp_path / "mine"), "--boards", "orangecrab-25f"]) == 2
    assert (tmp_path / "mine" / "file").exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_the_page_lists_machines_of_today():
    """Those that are elaborated quickly: `make release` makes the others' lines anew, too."""
    rows = release.rows_of(PAGE.read_text())
    known = {(board.name, machine) for board, machine in machines.machines()}
    assert set(rows) <= known
    for name in QUICK:
        if (name, "w5") not in rows:  # not built since its hardware changed
            continue
        row = release.ROW.fullmatch(rows[name, "w5"])
        board = BOARDS[name]
        plan = BuildPlan(board.capacity(), round(float(row[4]) * 1e6), platform=board.platform())
        assert row[3] == plan.build_id.hex(), "make release BOARDS=" + ",".join(QUICK)


@pytest.mark.slow
def test_a_rebuild_gives_the_same_bytes(tmp_path, monkeypatch):
    """From sources to bitstream, nothing of it kept."""
    monkeypatch.setattr(cache, "cache_dir", lambda: tmp_path)
    board = BOARDS["orangecrab-25f"]
    with Progress() as progress:
        folder = machines.bitstream(board, None, progress)
    row = release.rows_of(PAGE.read_text())[board.name, "w5"]
    assert release.row("w5", machines.facts_of(folder)) == row
    sha = hashlib.sha256(machines.file_of(folder).read_bytes()).hexdigest()
    assert sha == release.ROW.fullmatch(row)[6]
