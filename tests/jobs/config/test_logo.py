"""The logo: what is taken from a file, and what is refused, by name of what is in it."""

from base64 import b64decode
from pathlib import Path

import pytest

from jobs.config import logo
from jobs.errors import ConfigError
from tests import paying
from tests.jobs.config.test_parties import ACCOUNT

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
RECT = '<rect width="9" height="9"/>'


def drawn(folder: Path, inside: str, before: str = "") -> str:
    (folder / "logo.svg").write_text(f"{before}{HEAD}{inside}</svg>")
    found = logo.read(folder / "logo.svg")
    assert found.media_type == "image/svg+xml"
    return b64decode(found.data).decode()


def test_a_drawing_is_written_anew_from_what_draws_it(tmp_path: Path) -> None:
    inside = (
        '<!-- a comment --><?php echo 1 ?><metadata><rdf:RDF xmlns:rdf="urn:r"><script/></rdf:RDF></metadata>'
        '<defs><linearGradient id="a"><stop offset="0" style="stop-color:#f00;-inkscape-x:1"/></linearGradient>'
        '<linearGradient id="b" xlink:href="#a" gradientUnits="userSpaceOnUse"/></defs>'
        '<g transform="translate(1 2)" class="x" xmlns:i="urn:i" i:label="y"><title>Ours &amp; theirs</title>'
        '<path d="M0 0h9v9z" fill="url(#b)"/></g>'
    )
    assert drawn(tmp_path, inside, '\ufeff<?xml version="1.0"?><!DOCTYPE svg>') == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><linearGradient id="a">'
        '<stop offset="0" stop-color="#f00"></stop></linearGradient>'
        '<linearGradient id="b" href="#a" gradientUnits="userSpaceOnUse"></linearGradient></defs>'
        '<g transform="translate(1 2)"><title>Ours &amp; theirs</title>'
        '<path d="M0 0h9v9z" fill="url(#b)"></path></g></svg>'
    )


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<script>alert(1)</script>", "line 1 of the file has <script>"),
        ("\n<foreignObject/>", "line 2 of the file has <foreignObject>"),
        ("<style>rect{fill:url(http://x.example)}</style>", "has <style>"),
        ("<text>Example</text>", "has <text>"),
        ('<image href="x.png"/>', "has <image>"),
        ('<use href="#a"/>', "has <use>"),
        ('<a href="https://x.example"/>', "has <a>"),
        ('<animate attributeName="x"/>', "has <animate>"),
        ("<svg/>", "has <svg>"),
        ('<rect onload="alert(1)"/>', "has the attribute onload"),
        ('<rect fill="url(http://x.example/a)"/>', "a value of fill"),
        ('<rect fill="URL( #a)"/>', "a value of fill"),
        ('<rect style="fill:url(//x)"/>', "a value of fill"),
        ('<rect style="fill:expression(1);"/><rect fill="a&lt;b"/>', "a value of fill"),
        ('<linearGradient xlink:href="other.svg#a"/>', "has a link"),
        ('<rect href="#a"/>', "has a link"),
        ("<g>" * 60 + "</g>" * 60, "too deep"),
        ("", "draws nothing"),
        ("<rect>", "is not XML"),
    ],
)
def test_what_could_do_more_than_draw_is_refused(tmp_path: Path, inside: str, words: str) -> None:
    with pytest.raises(logo.Unusable) as caught:
        drawn(tmp_path, inside if "draws" in words else inside + RECT)
    assert words in str(caught.value)
    assert str(caught.value).startswith("expected a PNG or SVG file of at most 64 KiB; ")


def test_entities_never_grow(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    for before in (bomb, outside):
        with pytest.raises(logo.Unusable, match="declarations of its own, such as entities"):
            drawn(tmp_path, RECT, before)


def test_a_picture_keeps_its_pixels_and_loses_what_else_is_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(
        paying.png(240, 60, (b"tEXt", b"Author\0Somebody"), (b"acTL", b"12345678")) + b"<script>"
    )
    found = logo.read(tmp_path / "logo.png")
    assert (found.media_type, b64decode(found.data)) == ("image/png", paying.png())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (paying.png()[:-5], "a damaged PNG"),
        (paying.png().replace(b"IDAT", b"IDAX"), "a damaged PNG"),
        (paying.png(2001, 1), "at most 2000 × 2000 pixels; found 2001 × 1"),
        (paying.png(4, 4, (b"IDAT", b"no pixels")), "a damaged PNG"),
        (b"\x89PNG\r\n\x1a\n", "a damaged PNG"),
        (b"GIF89a", "found a file that is neither"),
        (b"a secret", "found a file that is neither"),
        (b"<html/>", "XML of another kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(70_000), "found a larger one"),
        (b"", "found a file that is neither"),
    ],
)
def test_what_is_no_small_picture_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "logo").write_bytes(content)
    with pytest.raises(logo.Unusable) as caught:
        logo.read(tmp_path / "logo")
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_mistake_in_it_stands_with_the_others_of_the_configuration(tmp_path: Path) -> None:
    import json

    from jobs import config

    file = tmp_path / "config.yaml"
    file.write_text(
        json.dumps({"issuer": {"name": "E", "logo": "logo.png"}, "close_day": 40, "accounts": {"a": ACCOUNT}}, indent=1)
    )
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    first, second = str(caught.value).splitlines()
    assert first == (
        f"{file}:4: issuer.logo: expected a PNG or SVG file of at most 64 KiB; "
        "the file cannot be read: no such file or directory"
    )
    assert ": close_day: " in second
