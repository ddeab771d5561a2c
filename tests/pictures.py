"""Pictures as cameras and programs write them, for tests of what is taken from them."""

import io
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PLACE = {1: "N", 2: (54.0, 19.0, 12.0), 3: "E", 4: (10.0, 8.0, 3.0)}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), colour: str = "navy", **how: Any) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **how)
    return out.getvalue()


def with_place(kind: str, size: tuple[int, int] = (40, 20), orientation: int = 1) -> bytes:
    """As a telephone writes it: with the place where it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Larkspur Phone", orientation
    exif.get_ifd(0x8825).update(PLACE)
    return picture(kind, size, exif=exif.tobytes())


def with_text(size: tuple[int, int] = (40, 20)) -> bytes:
    said = PngInfo()
    said.add_text("Comment", "the key is under the mat")
    return picture("PNG", size, pnginfo=said)


def moving(kind: str, count: int = 3, size: tuple[int, int] = (40, 20)) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", size, colour) for colour in ("navy", "teal", "gold")[:count]]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=120, loop=0)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))
