# SPDX-License-Identifier: Apache-2.0
"""web.build: the page is whole, small, and fetches nothing from elsewhere."""

import base64
import json
import re

import pytest

from golden import model_file
from support.failures import InputError
from web.build import FIRST, MODELS, PAGE, build, files, main

TEXTS = {path.name: path.read_text() for path in sorted(PAGE.iterdir())}
PAIRS = (  # colours that text and its background have
    ("ink", "paper"),
    ("ink", "card"),
    ("quiet", "paper"),
    ("quiet", "card"),
    ("on-accent", "accent"),
    ("good", "card"),
    ("bad", "card"),
    ("bad", "bad-paper"),
)


def test_the_page_without_its_models_is_small():
    assert sum(map(len, TEXTS.values())) < 300_000
    for name, text in TEXTS.items():
        assert text.count("\n") <= 400, name
        assert "SPDX-License-Identifier: Apache-2.0" in "".join(text.splitlines()[:2]), name


def test_nothing_is_fetched_from_elsewhere():
    for name, text in TEXTS.items():
        assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text), name
        assert not re.search(r"\bimport\b.*\bfrom\b|@import|url\(", text), name


def test_every_script_is_there_and_none_is_left_over():
    scripts = re.findall(r'<script src="([^"]+)">', TEXTS["index.html"])
    assert len(scripts) == len(set(scripts))
    assert set(scripts) == {name for name in files() if re.fullmatch(r"[^/]+\.js", name)}


def test_the_models_are_the_shipped_files():
    made = files()
    listed = json.loads(made["models.js"].decode().split("avatar.shipped = ")[1].rstrip(";\n"))
    assert listed[0]["name"] == FIRST
    paths = [path for path in MODELS.glob("*.safetensors") if path.stem != "attributes"]
    assert {row["name"] for row in listed} == {path.stem for path in paths}
    for row in listed:
        path = MODELS / f"{row['name']}.safetensors"
        assert row["digest"] == model_file.load(path).digest
        script = made[f"models/{row['name']}.js"].decode()
        name, text = re.search(r'avatar\.receiveModel\("(.+)", "(.+)"\);', script).groups()
        assert name == row["name"]
        assert base64.b64decode(text) == path.read_bytes()


def test_build_writes_every_file(tmp_path):
    assert main([str(tmp_path / "page")]) == 0
    written = {
        str(path.relative_to(tmp_path / "page")): path.read_bytes()
        for path in (tmp_path / "page").rglob("*")
        if path.is_file()
    }
    assert written == files()
    build(tmp_path / "page")  # over an older one


def test_a_folder_without_models():
    with pytest.raises(InputError, match="holds no model"):
        files([MODELS / "attributes.safetensors"])


@pytest.mark.parametrize("out", ["a file", "a file/page"])
def test_a_folder_that_cannot_be(tmp_path, capsys, out):
    (tmp_path / "a file").touch()
    assert main([str(tmp_path / out)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / out) in said
    assert said.count("\n") == 1


def luminance(colour):
    """Return the relative luminance of #rrggbb, as WCAG 2 has it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme):
    """A contrast of 4.5 at least, in both schemes (WCAG 2, level AA)."""
    light, dark = re.findall(r":root \{(.*?)\}", TEXTS["style.css"], re.DOTALL)
    colours = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", {"light": light, "dark": dark}[scheme])
    )
    for text, ground in PAIRS:
        brighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])))[::-1]
        assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)
