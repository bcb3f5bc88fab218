# SPDX-License-Identifier: Apache-2.0
"""One picture file as RGB pixels: by its content, turned upright, over a background."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from train.data.finding import HEAD, READ, kind_of

ORIENTATION = 0x0112  # tag of EXIF
# How a picture of each orientation is turned upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIGNATURE = 8  # bytes before the first chunk of a PNG
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


class Unreadable(Exception):
    """A file cannot be read as a picture; the message is the reason, in a few words."""


def decode(path, background):
    """Read a picture.

    Parameters
    ----------
    path : Path
    background : (int, int, int)
        Red, green and blue that lie under what is clear.

    Returns
    -------
    picture : PIL.Image.Image
        Mode RGB, upright.
    clear : bool
        Whether any pixel of it is clear, in part or wholly.

    Raises
    ------
    Unreadable
        It is damaged, too large, or no picture of a kind in :data:`train.data.finding.READ`.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise Unreadable(f"cannot be opened ({error.strerror})") from None
    kind = kind_of(head)
    if kind not in READ:
        raise Unreadable(f"{kind}, which is not read" if kind else "no picture inside")
    try:
        picture, orientation = _load(path, kind)
        depth = head[24] if kind == "PNG" else 8  # its bits a sample
        picture, clear = _flatten(picture, depth, background)
    except Exception as error:  # damaged files bring out every kind of error in Pillow
        raise Unreadable(_reason(error)) from None
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    return picture, clear


def _load(path, kind):
    """Return the pixels of a file and its orientation."""
    try:
        return _open(path, kind)
    except Exception:
        if kind != "PNG":
            raise
    # Texts and profiles may be too large or damaged: the pixels can be sound nevertheless.
    try:
        return _open(io.BytesIO(_pixel_chunks(path, b"eXIf")), kind)
    except Exception:
        return _open(io.BytesIO(_pixel_chunks(path)), kind)


def _open(file, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tags and profiles, which we do not need
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=[kind]) as picture:
            picture.load()
            try:
                orientation = picture.getexif().get(ORIENTATION, 1)
            except Exception:  # viewers show a picture with damaged EXIF as it is
                orientation = 1
    return picture, orientation


def _pixel_chunks(path, *others):
    """Return a PNG file's bytes with only those chunks that pixels, and `others`, need."""
    kept = []
    with path.open("rb") as file:
        kept.append(file.read(_SIGNATURE))
        while len(start := file.read(8)) == 8:
            left = int.from_bytes(start[:4]) + 4  # its data and their checksum
            if start[4:] in (*_PIXEL_CHUNKS, *others):
                kept += [start, file.read(left)]
            else:
                file.seek(left, io.SEEK_CUR)
    return b"".join(kept)


def _flatten(picture, depth, background):
    """Return a loaded picture in RGB over a background, and whether any pixel was clear."""
    key = picture.info.get("transparency")
    if picture.mode.startswith("I"):  # 16-bit grey: keep the upper byte
        deep = np.asarray(picture)
        grey = Image.fromarray((deep >> 8).astype(np.uint8))
        return _fill(grey.convert("RGB"), deep == key, background)
    if key is not None and picture.mode in ("1", "L", "RGB"):
        clear = np.asarray(picture.convert("RGB")) == _as_8_bits(key, picture.mode, depth)
        return _fill(picture.convert("RGB"), clear.all(-1), background)
    if key is None and picture.mode not in ("LA", "PA", "RGBA"):
        return picture.convert("RGB"), False
    rgba = picture.convert("RGBA")
    clear = rgba.getchannel("A").getextrema()[0] < 255
    over = Image.alpha_composite(Image.new("RGBA", rgba.size, background), rgba)
    return over.convert("RGB"), clear


def _as_8_bits(key, mode, depth):
    """Return the colour that is clear as Pillow gives pixels of that colour.

    Of 16 bits a sample Pillow keeps the upper byte: colours that differ in the lower one only,
    which no eye tells apart, are clear together.
    """
    if mode == "1":
        return key
    if depth == 16:
        return np.right_shift(key, 8)
    most = (1 << depth) - 1
    return np.bitwise_and(key, most) * (255 // most)


def _fill(picture, clear, background):
    """Return a picture in RGB with a background where `clear`, and whether that is anywhere."""
    if not np.any(clear):
        return picture, False
    pixels = np.where(clear[..., None], np.array(background, np.uint8), np.asarray(picture))
    return Image.fromarray(pixels), True


def _reason(error):
    if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
        return f"over {Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels"
    if isinstance(error, UnidentifiedImageError):
        return "damaged"
    text = (str(error).splitlines() or [type(error).__name__])[0]
    return "cut short" if "truncated" in text.lower() else f"damaged ({text})"
