"""Pictures of articles: what travels along in them is gone, and pages know their size before they are there."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from knowledge.articles import files, pictures
from knowledge.articles.article import Article
from knowledge.articles.revision import ArticleFile
from knowledge.articles.writing import publish, rewrite
from portal.db import db, utcnow
from portal.errors import Refused
from tests.house.tree import code, imports, name
from tests.knowledge.conftest import HARBOUR
from tests.pictures import moving, opened, picture, with_place, with_text


@pytest.fixture
def keep(app: Flask, person: Callable[[str], Any]) -> Callable[[bytes, str], tuple[ArticleFile, bytes]]:
    """Attaches a file to the article HARBOUR; its row and the bytes that are kept."""

    def keep_it(content: bytes, name: str) -> tuple[ArticleFile, bytes]:
        article = publish(HARBOUR, now=utcnow())
        file = files.attach(article, io.BytesIO(content), name, by=person("editor"), now=utcnow())
        db.session.commit()
        return file, files.path_of(file).read_bytes()

    return keep_it


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "pier.jpg"), ("WEBP", "pier.webp"), ("PNG", "pier.png")])
def test_the_place_goes(app: Flask, keep: Any, kind: str, name: str) -> None:
    taken = with_place(kind)
    assert b"Larkspur Phone" in taken
    with app.app_context():
        file, kept = keep(taken, name)
        assert b"Larkspur Phone" not in kept and b"Exif" not in kept and b"eXIf" not in kept
        assert not opened(kept).getexif() and opened(kept).format == kind
        assert (file.width, file.height) == (40, 20) and file.size == len(kept)


def test_it_stands_upright_without_what_the_camera_said(app: Flask, keep: Any) -> None:
    with app.app_context():
        file, kept = keep(with_place("JPEG", orientation=6), "pier.jpg")
        assert opened(kept).size == (20, 40) == (file.width, file.height)


def test_words_and_tails_go(app: Flask, keep: Any) -> None:
    tail = b"PK\x03\x04<script>alert(1)</script>"
    with app.app_context():
        for content, name in ((with_text(), "a.png"), (picture("GIF"), "b.gif"), (picture("JPEG"), "c.jpg")):
            _file, kept = keep(content + tail, name)
            assert b"script" not in kept and b"under the mat" not in kept
            assert opened(kept).convert("RGB").getpixel((5, 5))[2] > 90


@pytest.mark.parametrize(("kind", "name"), [("GIF", "a.gif"), ("WEBP", "a.webp")])
def test_what_moves_goes_on_moving(app: Flask, keep: Any, kind: str, name: str) -> None:
    with app.app_context():
        file, kept = keep(moving(kind), name)
        assert opened(kept).n_frames == 3 and (file.width, file.height) == (40, 20)  # type: ignore[attr-defined]


def test_what_can_be_seen_through_stays_so(app: Flask, keep: Any) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(out, "PNG")
    with app.app_context():
        assert opened(keep(out.getvalue(), "a.png")[1]).convert("RGBA").getpixel((1, 1))[3] == 0


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


FLOOD = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(100000)))
    + chunk(b"IEND", b"")
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (FLOOD, "more than 40 million pixels"),
        (picture()[:60], "can't be read as a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "can't be read as a picture"),
    ],
)
def test_floods_and_broken_ones_are_refused(app: Flask, keep: Any, content: bytes, said: str) -> None:
    with app.app_context():
        before = set(Path(app.instance_path, files.FOLDER).glob("*/*"))
        with pytest.raises(Refused, match=said):
            keep(content, "a.png")
        db.session.rollback()
        assert set(Path(app.instance_path, files.FOLDER).glob("*/*")) == before


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "WEBP"])
@pytest.mark.parametrize("how", [{}, {"lossless": True}])
def test_sizes_are_read_as_they_stand(kind: str, how: dict[str, Any]) -> None:
    assert pictures.size_of(picture(kind, (321, 123), **how)) == (321, 123)
    assert pictures.size_of(b"no picture") is None


def test_pages_keep_the_place_of_a_picture(app: Flask, keep: Any, client: FlaskClient) -> None:
    with app.app_context():
        file, _kept = keep(picture(size=(64, 48)), "pier (new).png")
        token, text = file.token, f"{files.markdown_of(file)}\n\n![Elsewhere](https://example.com/a.png)"
        article = db.session.query(Article).one()
        rewrite(article, replace(HARBOUR, body=text), now=utcnow())
        db.session.commit()
    page = client.get("/kb/harbour").text
    assert f'<img src="/kb/files/{token}/pier%20%28new%29.png" width="64" height="48" alt="pier (new)"' in page
    assert page.count('width="64"') == 1 and 'loading="lazy"' in page


def test_the_portal_itself_never_draws() -> None:
    """A picture may ask for anything, so only the redrawer, in a process of its own, loads what draws it."""
    drawing = {name(path) for path in code() for _line, what in imports(path) if what.split(".")[0] == "PIL"}
    assert drawing == {"knowledge/articles/picture_redrawer.py"}
