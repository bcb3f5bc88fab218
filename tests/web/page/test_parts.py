# SPDX-License-Identifier: Apache-2.0
"""web/page: digests, latents, links, directions and PNG files, each as NumPy and Pillow have it."""

import base64
import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from golden import model_file
from golden.interpolation import slerp
from golden.latents import load_latents, quantize_latents
from golden.on_chip_latents import MAX_SEED, draw_on_chip
from hw.uart import protocol
from tests.web.page.node import needs_node, node

ROOT = Path(__file__).parents[3]
COMPACT = ROOT / "models" / "compact-normal-w5.safetensors"
Z = np.random.default_rng(1).integers(-128, 128, 100, np.int8)
DIGEST = "0123456789abcdef" * 4
pytestmark = needs_node


def coded(data):
    return base64.b64encode(data).decode()


def call(*requests):
    """Return the results of calls of ``parts.js``, each a name and arguments."""
    return node("parts", request=requests)


def test_sha256_and_crc32():
    rng = np.random.default_rng(0)
    samples = [rng.bytes(length) for length in [*range(53, 67), 0, 1, 119, 120, 128, 100_000]]
    digests = call(*(["sha256", coded(data)] for data in samples))
    assert digests == [hashlib.sha256(data).hexdigest() for data in samples]
    assert call(["sha256", coded(b"in"), coded(b" parts")]) == [
        hashlib.sha256(b"in parts").hexdigest()
    ]
    assert call(*(["crc32", coded(data)] for data in samples)) == [*map(zlib.crc32, samples)]


def test_quantize_rounds_ties_to_even():
    x = np.concatenate([np.arange(-9, 9) / 64, [-1e9, 1e9, -4.015625, 3.984375, 3.97, 0.2]])
    assert call(["quantize", x.tolist()]) == [quantize_latents(x).tolist()]


@pytest.mark.parametrize("distribution", ["normal", "categorical"])
@pytest.mark.parametrize("steps", [1, 2, 16, 32])
def test_the_latents_of_a_wall(distribution, steps):
    orders = [
        (seed, 70, distribution, latent, steps)
        for seed in (0, 1, 7, 2**31, MAX_SEED)
        for latent in (5, 100, 1020)
    ]
    for order, drawn in zip(orders, call(*(["onChip", *order] for order in orders))):
        np.testing.assert_array_equal(drawn, draw_on_chip(*order))


def test_a_wall_has_the_whole_range():
    [drawn] = call(["onChip", 3, 2000, "normal", 100])
    assert (np.min(drawn), np.max(drawn)) == (-127, 127)
    np.testing.assert_array_equal(drawn, draw_on_chip(3, 2000, "normal", 100))


@pytest.mark.parametrize("latent", [1, 100, 1024])
def test_the_npy_file(tmp_path, latent):
    z = np.resize(Z, latent)
    [data] = call(["npy", z.tolist()])
    (tmp_path / "latent.npy").write_bytes(base64.b64decode(data))
    np.testing.assert_array_equal(load_latents(tmp_path / "latent.npy", latent), [z])
    assert np.load(tmp_path / "latent.npy").dtype == np.int8


def test_a_link_carries_the_latent():
    [link] = call(["hash", DIGEST, Z.tolist()])
    assert link.startswith("#model=0123456789abcdef&z=")
    text = link.split("z=")[1]
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == Z.tobytes()
    assert call(["link", link, 100]) == [{"model": DIGEST[:16], "z": Z.tolist()}]


def test_a_wrong_link():
    said = call(["refusedLink", "!!", 100], ["refusedLink", "AAAA", 100], ["refusedLink", "", 100])
    assert "damaged" in said[0]
    assert "has 3 numbers, but this model takes 100" in said[1]
    assert "has 0 numbers" in said[2]


def test_slerp():
    a, b = Z, np.roll(Z, 7)
    shares = [0, 0.25, 0.5, 0.9, 1]
    wanted = quantize_latents(slerp(a[None] / 32, b[None] / 32, shares)[:, 0])
    made = call(*(["slerp", a.tolist(), b.tolist(), t] for t in shares))
    np.testing.assert_array_equal(made, wanted)
    zero = [0] * 100
    assert call(["slerp", zero, a.tolist(), 1], ["slerp", a.tolist(), a.tolist(), 0.5]) == [
        a.tolist(),
        a.tolist(),
    ]


def categorical(*choices):
    z = np.zeros((5, 20), np.int8)
    z[range(5), choices] = 127
    return z.ravel().tolist()


def test_a_strip_of_categorical_latents_changes_one_choice_at_a_time():
    a, b = categorical(0, 5, 19, 3, 7), categorical(1, 5, 0, 3, 8)
    [way] = call(["strip", a, b, "categorical", 9])
    between = [categorical(1, 5, 19, 3, 7), categorical(1, 5, 0, 3, 7)]
    assert way == [a, *between, b]
    [way] = call(["strip", Z.tolist(), np.roll(Z, 1).tolist(), "normal", 9])
    assert (way[0], way[-1], len(way)) == (Z.tolist(), np.roll(Z, 1).tolist(), 9)


def test_draws():
    normal, tanh, choices = (
        np.array(drawn)
        for drawn in call(
            ["draws", "normal", 100, 400],
            ["draws", "tanh", 100, 400],
            ["draws", "categorical", 100, 400],
        )
    )
    assert abs(normal.mean()) < 1
    assert 31 < normal.std() < 33
    assert abs(np.abs(tanh).max() - 32) <= 1
    assert 18 < tanh.std() < 22  # tanh(N(0, 1)) has 0.628
    assert set(choices.ravel()) == {0, 127}
    assert (choices.reshape(400, 5, 20).sum(2) == 127).all()
    assert choices.any(0).all()


def test_variants_are_near_and_never_the_same():
    a = categorical(0, 5, 19, 3, 7)
    for variant in call(*(["vary", a, "categorical"] for _ in range(50))):
        changed = (np.reshape(variant, (5, 20)) != np.reshape(a, (5, 20))).any(1).sum()
        assert changed in (0, 1, 2)  # 0: the same choice twice, there and back, 1 in 190
    for variant in call(*(["vary", Z.tolist(), "normal"] for _ in range(5))):
        assert 0 < np.abs(np.subtract(variant, Z)).mean() < 32


def test_directions_are_the_eigenvectors():
    [found] = call(["directions", str(COMPACT), 8])
    found = np.array(found)
    np.testing.assert_allclose(found @ found.T, np.eye(8), atol=1e-6)
    model = model_file.load(COMPACT)
    listens = ((model.weight[1] * model.mul[1][:, None, None].astype(float)) ** 2).sum((1, 2, 3))
    gain = model.mul[0] * np.sqrt(listens)
    rows = (model.weight[0] * gain[:, None, None]).reshape(100, -1)
    matrix = rows @ rows.T
    strengths = np.sqrt(np.einsum("ia,ab,ib->i", found, matrix, found))
    largest = np.sqrt(np.linalg.eigvalsh(matrix)[::-1][:8])
    np.testing.assert_allclose(strengths, largest, rtol=0.02)
    assert call(["directions", str(COMPACT), 8]) == [found.tolist()]


@pytest.mark.parametrize(("colours", "mode"), [(3, "RGB"), (1, "L")])
def test_png(colours, mode):
    pixels = np.random.default_rng(2).integers(0, 256, (7, 7, colours), np.uint8)
    [data] = call(["png", coded(pixels.tobytes()), 7, colours, 3])
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    assert (image.mode, image.size) == (mode, (21, 21))
    enlarged = pixels.repeat(3, 0).repeat(3, 1)
    np.testing.assert_array_equal(np.asarray(image).reshape(enlarged.shape), enlarged)


def test_frames_are_those_of_the_protocol():
    payload = bytes([protocol.END, protocol.ESC, *range(256)])
    frames = [protocol.Frame(kind, tag, payload) for kind, tag in ((1, 1), (2, 0xC0DB), (4, 65535))]
    wires = call(*(["frame", f.type, f.tag, coded(f.payload)] for f in frames))
    assert [base64.b64decode(wire) for wire in wires] == [frame.encode() for frame in frames]
    noise = b"\x01\xdb\x02\xc0\xc0\xdb\xdc\xc0" + frames[1].encode() + bytes(4000) + b"\xc0"
    bodies = list(protocol.Unstuffer().feed(noise))
    [made] = call(["bodies", coded(noise)])
    assert [base64.b64decode(each["body"]) for each in made] == bodies
    assert [each["frame"] for each in made] == [None, None, 2, None]


def test_divisors():
    clocks = [(24_000_000, 3_000_000), (48_000_000, 921_600), (25_000_000, 115_200)]
    assert call(*(["divisor", *each] for each in clocks)) == [
        protocol.divisor(*each) for each in clocks
    ]
    assert call(["divisor", 25_000_000, 3_000_000], ["divisor", 1e6, 1e6]) == [None, None]
