"""Draws a picture anew from its pixels. Run in a process of its own, since a picture may ask for anything.

`python -I picture_redrawer.py PIXELS < picture > redrawn`: PNG, JPEG, GIF and WebP stay what they are; what was said
in them (place, camera, profiles, comments, what hides behind the end) is gone. The exit code says how it went: 0, or
one of the codes below. Imports nothing of the portal.
"""

import io
import sys
import warnings
from collections.abc import Iterator
from typing import Any

BROKEN, TOO_LARGE = 3, 4
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def main(most_pixels: int) -> int:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = most_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(sys.stdin.buffer, formats=FORMATS) as picture:
            frames = getattr(picture, "n_frames", 1)
            if picture.width * picture.height * frames > most_pixels:
                return TOO_LARGE
            sys.stdout.buffer.write(moving(picture) if frames > 1 else still(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
        return TOO_LARGE
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError, RuntimeError):
        return BROKEN  # whatever a decoder trips over
    return 0


def still(picture: Any) -> bytes:
    kind, is_lossless = picture.format, is_exact(picture)
    upright = in_srgb(turned(picture))
    if kind == "JPEG":
        same = upright is picture  # then at the very quality it had
        return written(upright, kind, quality="keep" if same else 90, optimize=True)
    if kind == "WEBP":
        return written(upright, kind, lossless=is_lossless, quality=90)
    return written(upright, kind, optimize=True, **clear(picture))


def moving(picture: Any) -> bytes:
    """All pictures of a GIF, PNG or WebP that moves, at its pace."""
    shown, times = [], []
    for frame in frames(picture):
        times.append(frame.info.get("duration", 100) or 100)
        shown.append(frame.convert("RGBA"))
    how = {"duration": times, "loop": picture.info.get("loop", 0), "save_all": True, "append_images": shown[1:]}
    if picture.format == "GIF":
        how |= {"disposal": 2}
    return written(shown[0], picture.format, **how)


def frames(picture: Any) -> Iterator[Any]:
    for number in range(picture.n_frames):
        picture.seek(number)
        yield picture


def turned(picture: Any) -> Any:
    """Upright: the camera says by its metadata how it was held."""
    from PIL import ImageOps

    if picture.getexif().get(0x0112, 1) == 1:
        return picture
    return ImageOps.exif_transpose(picture)


def in_srgb(picture: Any) -> Any:
    """The colours as browsers take them when nothing is said; a profile that can't be read is dropped."""
    from PIL import ImageCms

    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA"):
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode=picture.mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return changed or picture


def is_exact(picture: Any) -> bool:
    """True for a WebP that lost nothing: it has a chunk of its own kind."""
    if picture.format != "WEBP":
        return False
    sys.stdin.buffer.seek(0)
    return b"VP8L" in sys.stdin.buffer.read(64)


def clear(picture: Any) -> dict[str, Any]:
    """The colour that stands for nothing at all."""
    seen_through = picture.info.get("transparency")
    return {} if seen_through is None or picture.mode == "RGBA" else {"transparency": seen_through}


def written(picture: Any, kind: str, **how: Any) -> bytes:
    """The file, with nothing in it but the picture."""
    if kind != "JPEG" or how.get("quality") != "keep":
        picture = picture.copy()
        picture.info = {}
    out = io.BytesIO()
    said = {} if kind == "GIF" else {"icc_profile": None, "exif": b""}
    picture.save(out, kind, **said, **how)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
