# SPDX-License-Identifier: Apache-2.0
"""models/README.md says of each model what `avatar models` reads in its file."""

from __future__ import annotations

import re

from golden import shipped
from tests.docs.pages import ROOT

HEAD = "| file | channels | picture | weights | latents | PSNR | attribute | random |"


def line(row):
    """Return the page's line of a row of :func:`golden.shipped.listing`."""
    (bits,) = set(row["weight_bits"])
    height, width, colours = row["picture"]
    head = " in one pass" if row["channels"][-1] == 3 else ""
    distances = row["distances"]
    cells = (
        f"{row['name']}.safetensors",
        "-".join(map(str, row["channels"][:-1])),
        f"{height}x{width} {'RGB' if colours == 3 else 'grey'}{head}",
        f"{bits} bits",
        row["latents"],
        f"{row['psnr']:.1f} dB",
        *(
            "-" if distances[name] is None else f"{distances[name]:.2f}"
            for name in shipped.DISTANCES
        ),
    )
    return f"| {' | '.join(cells)} |"


def test_the_table_is_what_avatar_models_lists():
    page = (ROOT / "models" / "README.md").read_text()
    table = page[page.index(HEAD) :].split("\n\n")[0].splitlines()[2:]
    rows = shipped.listing(ROOT / "models")
    assert sorted(table) == sorted(map(line, rows))


def test_every_generator_is_told_of():
    page = (ROOT / "models" / "README.md").read_text()
    told = set(re.findall(r"[\w-]+", page))
    for path in (ROOT / "models" / "float").glob("*.safetensors"):
        assert path.stem in told, path.name


def test_every_model_of_sprites_has_its_distances():
    for row in shipped.listing(ROOT / "models"):
        wanted = shipped.DISTANCES if row["draws"] == "sprites" else ("random_frechet",)
        assert all(row["distances"][name] is not None for name in wanted), row["name"]
        assert row["distances"]["to"] == row["draws"]
