"""The report stands alone, shows every item, and runs nothing that a file name says."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from wreckid.model.release import Release
from wreckid.model.verdict import percent

if TYPE_CHECKING:
    from tests.conftest import Finished

MakePhoto = Callable[..., bytes]
Report = Callable[..., Path]


class Parsed(HTMLParser):
    """What a page links to, what it names, and its words."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words = ""
        self.tags: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.loads += [found["src"]] if "src" in found else []
        if tag == "link":
            self.loads.append(found["href"])
        elif "href" in found:
            self.links.append(found["href"])

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


@pytest.fixture
def report(wreckid: Callable[..., "Finished"], release: Release, tmp_path: Path) -> Report:
    """Writes the report of photos by name; the folder of the run."""

    def write(photos: dict[str, bytes], source: str = "evidence") -> Path:
        for name, data in photos.items():
            file = tmp_path / "evidence" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        out = tmp_path / "out"
        wreckid("batch", tmp_path / source, "--out", out, "--release", release.folder)
        return out

    return write


def scene(seed: int) -> Image.Image:
    """A picture with enough in it to be told from others."""
    noise = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def section(out: Path, number: int) -> str:
    page = (out / "report.html").read_text()
    found = re.search(rf'<section class="item" id="item-{number}">.*?</section>', page, re.S)
    assert found is not None
    return found[0]


def test_a_source_of_any_name_is_shown(
    wreckid: Callable[..., "Finished"], release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    source, out = tmp_path / os.fsdecode(b"\xff\nfinds"), tmp_path / "out"
    source.mkdir()
    (source / "a.jpg").write_bytes(photo("red"))
    assert wreckid("batch", source, "--out", out, "--release", release.folder).code == 0
    assert wreckid("verify", out, "--evidence", source).code == 0
    assert "/��finds" in Parsed(out / "report.html").words


def test_a_small_run_is_one_page_that_loads_nothing(report: Report, photo: MakePhoto) -> None:
    out = report({"a.jpg": photo("red"), "b.jpg": photo("blue"), "c.jpg": b""})
    page = Parsed(out / "report.html")
    assert not (out / "report").exists()
    assert page.loads and all(address.startswith("data:image/") for address in page.loads)
    assert page.links == ["#item-1", "#item-2", "#item-3"]
    assert set(page.ids) >= {"item-1", "item-2", "item-3"}
    assert "default-src 'none'" in (out / "report.html").read_text()


def test_it_says_what_a_reader_must_know(report: Report, photo: MakePhoto) -> None:
    words = Parsed(report({"a.jpg": photo("red"), "b.jpg": b""}) / "report.html").words
    for said in (
        "Wreckage can be explosive",
        "not an identification",
        "2 items, 2 photos, 1 unreadable",
        "The file is empty",
        "Limits of use",
        "wreckid verify",
        "wreckid replay",
        "no second witness",
    ):
        assert said in words


def test_an_item_has_its_picture_map_candidates_verdict_and_hash(
    report: Report, photo: MakePhoto, release: Release
) -> None:
    first = section(report({"a.jpg": photo("red")}), 1)
    assert first.count("data:image/jpeg") == 2 and first.count("data:image/png") == 1
    assert "Points to Shahed-136" in first and "Rule: type-reached" in first
    assert "83%" in first and "Wingspan" in first and "Not Shahed-131" in first
    assert re.search(r"sha256 [0-9a-f]{64}", first)


def test_an_item_tells_how_likely_no_uav_is(
    report: Report, photo: MakePhoto, tmp_path: Path
) -> None:
    table = "photo,item,wing\nevidence/a.jpg,weighed,delta\nevidence/b.jpg,alone,\n"
    (tmp_path / "finds.csv").write_text(table)
    out = report({"a.jpg": photo("red"), "b.jpg": photo("grey")}, source="finds.csv")
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    names = [["image_probabilities", "probabilities"], ["probabilities"]]
    for number, (row, shown) in enumerate(zip(rows, names, strict=True), start=1):
        shares = [escape(percent(row[name]["not-a-uav"])) for name in shown]
        cells = "".join(f'<td class="n">{share}</td>' for share in shares)
        assert f"<tr><td>Not a UAV</td><td></td>{cells}" in section(out, number)


def test_it_is_no_wider_than_a_phone(
    report: Report, photo: MakePhoto, chromium: Browser, tmp_path: Path
) -> None:
    table = "photo,item,wing,length_m\nevidence/a.jpg,one,delta,2.5\nevidence/b.jpg,two,delta,\n"
    (tmp_path / "finds.csv").write_text(table)
    out = report({"a.jpg": photo("red"), "b.jpg": photo("blue")}, source="finds.csv")
    for width in (320, 375, 768):
        page = chromium.new_page(viewport={"width": width, "height": 720})
        page.goto((out / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


def test_names_are_text(report: Report, photo: MakePhoto) -> None:
    name = "<img src=x onerror=alert(1)>\"'{{7*7}}.jpg"
    out = report({name: photo("red")})
    page = Parsed(out / "report.html")
    assert name in page.words
    assert all(address.startswith("data:image/") for address in page.loads)
    assert page.tags.count("script") == 1


def test_the_policy_lets_its_own_script_and_style_run(report: Report, photo: MakePhoto) -> None:
    page = (report({"a.jpg": photo("red")}) / "report.html").read_text()
    for tag in ("script", "style"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page


def test_copies_and_reposts_are_grouped(report: Report) -> None:
    original = scene(1)
    photos = {
        "a.jpg": jpeg(original),
        "copy.jpg": jpeg(original),
        "repost.jpg": jpeg(original.resize((200, 150)), quality=60),
        "other.jpg": jpeg(scene(2)),
    }
    page = (report(photos) / "report.html").read_text()
    groups = re.findall(r"<li>((?:<span>[^<]*</span>)+)</li>", page)
    named = [re.findall(r"<span>([^<]*)</span>", group) for group in groups]
    assert named == [["a.jpg", "copy.jpg"], ["a.jpg", "copy.jpg", "repost.jpg"]]


def test_photos_that_could_not_be_used_are_no_copies_of_one_picture(report: Report) -> None:
    out = report({"a.jpg": b"", "b.jpg": b"", "c.txt.jpg": b"notes", "d.jpg": b"notes"})
    assert "None were found." in (out / "report.html").read_text()


def test_plain_pictures_are_not_called_the_same(report: Report, photo: MakePhoto) -> None:
    out = report({"a.jpg": photo("red"), "b.jpg": photo("blue")})
    assert "None were found." in (out / "report.html").read_text()


def test_a_long_run_has_parts_and_every_link_leads_somewhere(
    report: Report, photo: MakePhoto
) -> None:
    out = report({f"{number:03}.jpg": photo("red", (50, 40)) for number in range(205)})
    parts = sorted((out / "report").iterdir())
    assert [part.name for part in parts] == [f"items-0000{n}.html" for n in (1, 2, 3)]
    front = Parsed(out / "report.html")
    assert len(front.links) == 205 and not any(one.startswith("item-") for one in front.ids)
    anchors = {f"report/{part.name}#{one}" for part in parts for one in Parsed(part).ids}
    assert set(front.links) <= anchors
    assert "../report.html" in Parsed(parts[1]).links


def test_a_very_long_table_is_cut_and_says_so(
    report: Report, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wreckid.serving.report.PART", 2)
    monkeypatch.setattr("wreckid.serving.report.MOST_LINES", 3)
    out = report({f"{number}.jpg": photo("red") for number in range(5)})
    front = Parsed(out / "report.html")
    assert "The table holds the first 3 items" in front.words
    assert [link for link in front.links if "#" not in link] == [
        f"report/items-0000{n}.html" for n in (1, 2, 3)
    ]


def test_measurements_are_shown(report: Report, photo: MakePhoto, tmp_path: Path) -> None:
    (tmp_path / "finds.csv").write_text("photo,item,length_m\nevidence/a.jpg,wing,<2.5>\n")
    out = report({"a.jpg": photo("red")}, source="finds.csv")
    assert "<dt>length_m</dt><dd>&lt;2.5&gt;</dd>" in section(out, 1)
