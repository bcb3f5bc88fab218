# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: the pixels, the panels, and what goes wrong."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pictures
from golden import model_file
from golden.generator import generate
from golden.latents import draw_latents
from golden.on_chip_latents import draw_on_chip
from tests.web.page.browser import (
    READY,
    canvas,
    needs_browser,
    open_page,
    until,
    wait_for,
    web_host,
)

ROOT = Path(__file__).parents[3]
CONFORMANCE = ROOT / "tests" / "conformance"
COMPACT = ROOT / "models" / "compact-w8.safetensors"

pytestmark = needs_browser


def link(digest, z):
    text = base64.urlsafe_b64encode(z.tobytes()).decode().rstrip("=")
    return f"#model={digest[:16]}&z={text}"


def address(built, hash=""):
    return (built / "index.html").as_uri() + hash


def shipped(name, seed=1):
    """Return a shipped model, a latent of its kind and golden's picture."""
    model = model_file.load(ROOT / "models" / f"{name}.safetensors")
    z = draw_latents(seed, 1, model.training.get("latents", "normal"))
    return model, z[0], generate(model, z)[0]


@pytest.mark.parametrize("name", ["compact-w8", "compact-normal-w4", "contest-w5"])
def test_a_link_from_a_file(tab, built, name):
    model, z, picture = shipped(name)
    open_page(tab, address(built, link(model.digest, z)))
    wait_for(tab, picture)
    assert tab.input_value("#models") == name
    assert tab.is_hidden("#message")
    assert tab.evaluate("location.hash") == link(model.digest, z)


def test_the_first_avatar_comes_at_once(tab, built):
    open_page(tab, address(built))
    assert tab.evaluate("Number(document.body.dataset.firstAvatar)") < 2000
    z = np.array(
        tab.evaluate(
            "Array.from(avatar.latents.fromText(avatar.latents.fromHash(location.hash).z, 100))"
        ),
        np.int8,
    )
    wait_for(tab, generate(model_file.load(COMPACT), z[None])[0])


def test_opened_models(tab, built):
    open_page(tab, address(built))
    for path in sorted(CONFORMANCE.glob("*.safetensors")):
        model = model_file.load(path)
        z = np.load(path.with_suffix(".latents.npy"))[0]
        picture = np.load(path.with_suffix(".pictures.npy"))[0]
        tab.set_input_files("#model-file", path)
        until(tab, f"document.querySelector('#models').value === '{path.stem}'")
        tab.evaluate(f"location.hash = {json.dumps(link(model.digest, z))}")
        wait_for(tab, picture)
        for panel in ("change", "variants", "grid", "strip", "board", "inside"):
            tab.click(f"#tab-{panel}")
        until(tab, "document.querySelector('#maps canvas').width > 1")
        if model.spec.colours == 3:
            wait_for(tab, picture[..., 1:2], "#planes figure:nth-child(2) canvas")
        assert tab.locator("#maps canvas").count() == len(model.spec.layers)
        assert tab.locator("#planes canvas").count() == (3 if model.spec.colours == 3 else 0)


def test_a_web_host_with_a_strict_policy(tab, built):
    model, z, picture = shipped("compact-w8", 2)
    with web_host(built) as host:
        open_page(tab, host + link(model.digest, z))
        wait_for(tab, picture)


def test_what_one_takes_away(tab, built, tmp_path):
    model, z, picture = shipped("compact-w8", 3)
    open_page(tab, address(built, link(model.digest, z)))
    with tab.expect_download() as download:
        tab.click("#save-latent")
    download.value.save_as(tmp_path / "latent.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "latent.npy"), [z])
    with tab.expect_download() as download:
        tab.click("#save-picture")
    download.value.save_as(tmp_path / "avatar.png")
    tab.click("summary >> text=The same file")
    words = tab.inner_text("#command").split()
    assert words[:2] == ["avatar", "generate"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert options["--model"] == "models/compact-w8.safetensors"
    assert (options["--latents"], options["--out"]) == ("latent.npy", "avatar.png")
    wanted = pictures.grid(picture[None], scale=int(options["--scale"]))
    np.testing.assert_array_equal(Image.open(tmp_path / "avatar.png"), wanted)


def test_a_picker_changes_one_choice(tab, built):
    model, z, _ = shipped("compact-w8", 4)
    open_page(tab, address(built, link(model.digest, z)))
    changed = z.copy().reshape(5, 20)
    changed[2] = 0
    changed[2, 17] = 127
    [picture] = generate(model, changed.reshape(1, 100))
    wait_for(tab, picture, "fieldset:nth-of-type(3) label:nth-child(18) canvas")
    tab.check("fieldset:nth-of-type(3) label:nth-child(18) input", force=True)
    wait_for(tab, picture)
    tab.click("#back")
    wait_for(tab, generate(model, z[None])[0])


@pytest.mark.parametrize(("name", "steps"), [("compact-w8", 1), ("compact-normal-w4", 16)])
def test_the_faces_of_a_wall(tab, built, name, steps):
    """Of one seed the page shows what a board's screen does; a click keeps a face."""
    model, z, _ = shipped(name, 4)
    kind = model.training.get("latents", "normal")
    wanted = generate(model, draw_on_chip(4294967295, 64, kind, 100, steps)[[0, 5, 63]])
    with web_host(built) as host:
        open_page(tab, host + link(model.digest, z))
        tab.click("#tab-grid")
        tab.fill("#wall-seed", "4294967295")
        tab.set_checked("#wall-walk", steps > 1)
        tab.click("#wall button")
        for place, picture in zip((1, 6, 64), wanted):
            wait_for(tab, picture, f"#grid .faces button:nth-child({place}) canvas")
        tab.click("#grid .faces button:nth-child(6)")
        wait_for(tab, wanted[1])


def test_no_older_face_stays_on_a_picker(tab, built):
    """Faces that are under way when another avatar is chosen must not be painted over its own."""
    model, z, _ = shipped("compact-w8", 10)
    options = np.repeat(z[None], 20, axis=0)
    options[:, :20] = 127 * np.eye(20, dtype=np.int8)
    wanted = generate(model, options)
    open_page(tab, address(built, link(model.digest, z)))
    first = "fieldset:first-of-type label:nth-child({}) canvas"
    for n in range(20):
        wait_for(tab, wanted[n], first.format(n + 1))
    tab.evaluate(
        """async () => {
          for (const wait of [1, 5, 9, 15, 25]) {
            document.querySelector("#random").click();
            await new Promise((resolve) => setTimeout(resolve, wait));
            document.querySelector("#back").click();
          }
          await new Promise((resolve) => setTimeout(resolve, 500));
        }"""
    )
    for n in range(20):
        wait_for(tab, wanted[n], first.format(n + 1))


def test_sliders_and_numbers(tab, built):
    model, z, _ = shipped("compact-normal-w8", 5)
    open_page(tab, address(built, link(model.digest, z)))
    tab.focus(".slider >> nth=1 >> input")
    tab.keyboard.press("End")
    tab.keyboard.press("Home")
    tab.click("#numbers summary")
    tab.fill("#numbers input >> nth=7", "-100")
    tab.press("#numbers input >> nth=7", "Tab")
    shown = tab.evaluate("[...document.querySelectorAll('#numbers input')].map((e) => e.value)")
    moved = np.array(shown, int).astype(np.int8)
    assert moved[7] == -100
    assert (moved != z).sum() > 20  # the direction is of many numbers
    wait_for(tab, generate(model, moved[None])[0])


def test_planes_scaled(tab, built):
    model, z, picture = shipped("compact-normal-w8", 6)
    open_page(tab, address(built, link(model.digest, z)))
    tab.click("#tab-inside")
    tab.fill("#gains input >> nth=0", "0")
    wanted = picture.copy()
    wanted[..., 1] = wanted[..., 0]  # without v1 green is red
    wait_for(tab, wanted)
    assert "no longer the model's own" in tab.inner_text("#gains")
    tab.click("#gains button")
    wait_for(tab, picture)


@pytest.mark.parametrize(
    ("hash", "words"),
    [
        ("#z=AAAA", "has 3 numbers, but this model takes 100"),
        ("#z=!", "damaged"),
        ("#model=0123456789abcdef&z=AAAA", "the model 0123456789abcdef, which did not"),
    ],
)
def test_a_wrong_link(tab, built, hash, words):
    open_page(tab, address(built, hash))
    assert words in tab.inner_text("#message")
    assert canvas(tab)[..., :3].any()


def test_a_damaged_model_leaves_all_as_it_was(tab, built, tmp_path):
    model, z, picture = shipped("compact-w8", 7)
    open_page(tab, address(built, link(model.digest, z)))
    data = bytearray(COMPACT.read_bytes())
    data[-1000] ^= 1
    (tmp_path / "mine.safetensors").write_bytes(data)
    tab.set_input_files("#model-file", tmp_path / "mine.safetensors")
    tab.wait_for_selector("#message.problem")
    said = tab.inner_text("#message")
    assert said.startswith("mine.safetensors is not used. ")
    wait_for(tab, picture)
    assert tab.input_value("#models") == "compact-w8"


def test_a_dropped_model(tab, built, tmp_path):
    """Its file tells of latents that no version knows."""
    model = model_file.load(COMPACT)
    strange = replace(model, training={"latents": "uniform"})
    model_file.save(strange, tmp_path / "mine.safetensors")
    open_page(tab, address(built))
    tab.evaluate(
        """(base64) => {
          const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], "mine.safetensors"));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        base64.b64encode((tmp_path / "mine.safetensors").read_bytes()).decode(),
    )
    until(tab, "document.querySelector('#models').value === 'mine'")
    assert "draws normal ones" in tab.inner_text("#message")
    assert "--model mine.safetensors " in tab.text_content("#command")
    assert tab.locator(".slider").count() in (0, 8)  # they come when the directions are found


def test_variants_keep_the_focus(tab, built):
    open_page(tab, address(built))
    tab.click("#tab-variants")
    tab.focus("#variants .face >> nth=5")
    before = tab.evaluate("location.hash")
    tab.keyboard.press("Enter")
    until(tab, f"location.hash !== {json.dumps(before)}")
    label = "document.activeElement.getAttribute('aria-label')"
    assert tab.evaluate(label) == "Variant 6"


def test_copies(tab, built):
    model, z, _ = shipped("compact-w8", 9)
    with web_host(built) as host:
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        open_page(tab, host + link(model.digest, z))
        tab.click("#copy-link")
        until(tab, "document.querySelector('#message').textContent === 'The link is copied.'")
        assert tab.evaluate("navigator.clipboard.readText()") == host + link(model.digest, z)
        tab.click("#copy-picture")
        until(tab, "document.querySelector('#message').textContent === 'The picture is copied.'")
        size = tab.evaluate(
            """async () => {
              const [item] = await navigator.clipboard.read();
              const image = await createImageBitmap(await item.getType("image/png"));
              return [image.width, image.height];
            }"""
        )
        assert size == [256, 256]


def test_without_workers(tab, built):
    model, z, picture = shipped("compact-w8", 8)
    tab.add_init_script("delete window.Worker")
    open_page(tab, address(built, link(model.digest, z)))
    wait_for(tab, picture)
    assert "no worker" in tab.inner_text("#message")


def test_without_web_serial(tab, built):
    tab.add_init_script("Object.defineProperty(navigator, 'serial', { value: undefined })")
    open_page(tab, address(built))
    tab.click("#tab-board")
    assert "has no Web Serial" in tab.inner_text("#board-text")
    assert tab.is_hidden("#join")


def test_a_page_that_was_not_built(tab, built, tmp_path):
    for path in (ROOT / "web" / "page").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "models.js").write_text("")
    tab.goto((tmp_path / "index.html").as_uri())
    tab.wait_for_selector("#message.problem")
    assert "No models came with this page" in tab.inner_text("#message")
    tab.set_input_files("#model-file", COMPACT)
    until(tab, READY)


def test_nothing_is_wider_than_the_screen(tab, built):
    open_page(tab, address(built))
    for panel in ("change", "variants", "grid", "strip", "inside", "board"):
        tab.click(f"#tab-{panel}")
        for width in (320, 390, 800, 1280):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, panel


def test_everything_has_a_name_and_the_tabs_obey_keys(tab, built):
    open_page(tab, address(built))
    for panel in ("change", "variants", "grid", "strip", "inside", "board"):
        tab.click(f"#tab-{panel}")
        nameless = tab.evaluate(
            """[...document.querySelectorAll("button, input, select, canvas")].filter((e) =>
                 e.checkVisibility() && !(e.getAttribute("aria-label") || e.textContent.trim()
                 || e.labels?.length || e.getAttribute("aria-hidden"))).map((e) => e.outerHTML)"""
        )
        assert nameless == []
    tab.focus("#tab-board")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("document.activeElement.id") == "tab-change"
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowLeft")
    assert tab.is_visible("#inside")
