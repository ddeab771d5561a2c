"""Which files are taken: hostile names and lying insides, as a table."""

import pytest
from flask import Flask

from portal.errors import Refused
from portal.tickets.filetypes import INLINE, LONGEST_NAME, SNIFFED, TEXT, check, clean_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 60
GIF = b"GIF89a" + b"\0" * 60
PDF = b"%PDF-1.7\n1 0 obj"
ZIP = b"PK\x03\x04\x14\0\0\0\x08\0" + b"\0" * 60
DOCX = ZIP + b"[Content_Types].xml" + b"\0" * 40
EXE = b"MZ\x90\x00\x03" + b"\0" * 200
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 200
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
TAR = b"file.log" + b"\0" * 249 + b"ustar\x0000" + b"\0" * 100

TAKEN = [
    ("app.log", b"2026-11-22 started\n", TEXT),
    ("crash.txt", "Fehler: größer als erlaubt".encode(), TEXT),
    ("latin.log", "Fehler: größer".encode("latin-1"), TEXT),
    ("windows.reg", "Windows Registry".encode("utf-16"), TEXT),
    ("config.json", b'{"a": 1}', TEXT),
    ("page.xml", b"<a/>", TEXT),
    ("UPPER.LOG", b"x", TEXT),
    ("shot.png", PNG, "image/png"),
    ("photo.jpeg", JPG, "image/jpeg"),
    ("moving.gif", GIF, "image/gif"),
    ("invoice.pdf", PDF, "application/pdf"),
    ("logs.zip", ZIP, "application/zip"),
    ("logs.gz", b"\x1f\x8b\x08" + b"\0" * 30, "application/gzip"),
    ("logs.tgz", b"\x1f\x8b\x08" + b"\0" * 30, "application/gzip"),
    ("logs.tar", TAR, "application/x-tar"),
    ("logs.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 30, "application/x-7z-compressed"),
    ("letter.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 30, "application/msword"),
    ("trace.pcap", b"\xd4\xc3\xb2\xa1" + b"\0" * 30, "application/octet-stream"),
    ("net.har", b'{"log": {}}', TEXT),
]

HOSTILE = [
    ("page.html", HTML),
    ("page.htm", HTML),
    ("page.xhtml", HTML),
    ("page.mhtml", HTML),
    ("logo.svg", SVG),
    ("logo.svgz", b"\x1f\x8b\x08" + b"\0" * 30),
    ("setup.exe", EXE),
    ("setup.msi", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("run.sh", b"#!/bin/sh\nrm -rf /"),
    ("run.bat", b"del *"),
    ("run.ps1", b"Remove-Item"),
    ("macro.docm", DOCX),
    ("page.php", b"<?php system($_GET[0]);"),
    ("page.php.png", b"<?php system($_GET[0]);"),
    (".htaccess", b"AddType application/x-httpd-php .png"),
    ("web.config", b"<configuration/>"),
    ("script.js", b"alert(1)"),
    ("style.css", b"body{}"),
    ("code.py", b"import os"),
    ("lib.jar", ZIP),
    ("app.apk", ZIP),
    ("disk.iso", b"\0" * 100),
    ("short.lnk", b"L\0\0\0"),
    ("swf.swf", b"FWS\x09"),
    ("noending", b"text"),
    ("trailing.", b"text"),
    ("double.png.exe", PNG),
    ("shot.png", HTML),
    ("shot.png", SVG),
    ("shot.png", EXE),
    ("shot.png", GIF),
    ("shot.jpg", PNG),
    ("shot.gif", b"GIF8"),
    ("shot.webp", b"RIFF\0\0\0\0AVI "),
    ("file.pdf", HTML),
    ("file.pdf", EXE),
    ("file.zip", EXE),
    ("file.zip", b"not a zip"),
    ("letter.docx", ZIP),
    ("letter.docx", HTML),
    ("sheet.ods", ZIP),
    ("old.doc", b"{\\rtf1}"),
    ("app.log", EXE),
    ("app.log", ELF),
    ("app.log", PNG),
    ("app.txt", b"\x00\x01\x02\x03" * 20),
    ("app.txt", ZIP),
    ("app.json", PDF),
    ("bell.txt", b"\x07\x01\x02" * 100),
    ("trace.pcap", EXE),
    ("net.har", HTML),
    ("logs.gz", b"plain"),
    ("logs.tar", b"plain"),
    ("clip.mp4", b"plain text"),
    ("empty.log", b""),
    ("empty.png", b""),
    ("page\u202egnp.exe", EXE),
    ("shot.png\x00.exe", EXE),
    ("x." + "a" * 300, b"text"),
    ("shot.png\u200b", HTML),
]


@pytest.mark.parametrize(("name", "content", "kind"), TAKEN, ids=range(len(TAKEN)))
def test_ordinary_files_are_taken(app: Flask, name: str, content: bytes, kind: str) -> None:
    with app.test_request_context():
        assert check(clean_name(name), content[:SNIFFED]) == kind


@pytest.mark.parametrize(("name", "content"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_are_refused_by_name(app: Flask, name: str, content: bytes) -> None:
    with app.test_request_context(), pytest.raises(Refused) as refused:
        check(clean_name(name), content[:SNIFFED])
    assert clean_name(name) in str(refused.value)


def test_nothing_that_can_run_is_shown_in_place() -> None:
    assert all(kind.startswith("image/") and "svg" not in kind for kind in INLINE)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\app.log", "app.log"),
        ("a\r\nSet-Cookie: x=1.log", "aSet-Cookie_ x=1.log"),
        ('quo"te;.log', "quo_te_.log"),
        ("evil\u202egol.exe", "evilgol.exe"),
        ("zero\u200bwidth.log", "zerowidth.log"),
        ("...", "file"),
        ("", "file"),
        (None, "file"),
        ("日志.log", "日志.log"),
        ("\ud800.log", "?.log".replace("?", "_")),
    ],
)
def test_names_keep_nothing_that_hides_or_breaks(name: str | None, clean: str) -> None:
    assert clean_name(name) == clean


def test_long_names_keep_their_ending() -> None:
    name = clean_name("x" * 500 + ".log")
    assert len(name) <= LONGEST_NAME and name.endswith(".log")
