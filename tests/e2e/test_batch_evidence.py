"""Evidence in the table of a run: the words of the command line, a row a photo."""

import csv
import json
import re
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from wreckid.model.evidence import NOTHING
from wreckid.model.release import Release
from wreckid.serving.sheet import EVIDENCE, read_table

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]

HEAD = ("photo", "item", "length", "tip_fins", "Engines", "colour", "text", "part", "box", "note")
CELLS = {
    "length": "airframe=3.4 m ±5%; fragment=120 cm",
    "tip_fins": "up and down",
    "Engines": "1",
    "colour": "black",
    "text": "Герань-2; Z",
    "part": "nose cone",
    "box": "20,10,280,230",
    "note": "by the road",
}
FLAGS = [
    *("--length", "airframe=3.4 m ±5%", "--length", "fragment=120 cm"),
    *("--tip-fins", "up and down", "--engines", "1", "--colour", "black"),
    *("--text", "Герань-2", "--text", "Z", "--part", "nose cone", "--box", "1:20,10,280,230"),
]


@pytest.fixture
def evidence(tmp_path: Path, photo: MakePhoto) -> Path:
    """A folder with a grey, a red and a two-coloured photo."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "grey.jpg").write_bytes(photo("grey"))
    (folder / "red.jpg").write_bytes(photo("red"))
    both = Image.new("RGB", (800, 600), (20, 230, 20))
    both.paste((230, 20, 20), (500, 300, 700, 500))
    file = BytesIO()
    both.save(file, "PNG")
    (folder / "both.png").write_bytes(file.getvalue())
    return folder


def table(evidence: Path, *rows: dict[str, str]) -> Path:
    text = StringIO()
    lines = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    lines.writeheader()
    lines.writerows(rows)
    file = evidence / "finds.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    return file


@pytest.fixture
def batch(wreckid: Wreckid, release: Release, tmp_path: Path) -> Callable[[Path], "Finished"]:
    def run(source: Path) -> "Finished":
        return wreckid("batch", source, "--out", tmp_path / "out", "--release", release.folder)

    return run


def rows(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]


def test_a_table_weighs_as_the_command_line_does(
    batch: Callable[[Path], "Finished"],
    wreckid: Wreckid,
    release: Release,
    evidence: Path,
    tmp_path: Path,
) -> None:
    batch(table(evidence, {"photo": "grey.jpg", "item": "find 1"} | CELLS))
    (row,) = rows(tmp_path)
    photo = evidence / "grey.jpg"
    done = wreckid("classify", photo, *FLAGS, "--json", "--release", release.folder)
    result = json.loads(done.out)
    assert {name: row[name] for name in result} == result
    assert row["measurements"] == {"note": "by the road"}
    assert row["candidates"] != row["image_candidates"]


def test_rows_of_an_item_add_up_and_each_box_is_of_its_photo(
    batch: Callable[[Path], "Finished"], evidence: Path, tmp_path: Path
) -> None:
    source = table(
        evidence,
        {"photo": "red.jpg", "item": "a", "text": "Z", "wing": "", "box": ""},
        {"photo": "both.png", "item": "a", "text": "Z;V", "wing": "delta", "box": ""},
        {"photo": "both.png", "item": "b", "text": "", "wing": "", "box": "520,320,680,480"},
    )
    batch(source)
    first, second = rows(tmp_path)
    assert (first["evidence"]["text"], first["evidence"]["wing"]) == (["Z", "V"], "delta")
    assert [photo["box"] for photo in first["photos"]] == [None, None]
    assert first["agreement"]["leaders"] == ["shahed-136", "orlan-10"]
    assert second["candidates"][0]["type"] == "shahed-136"
    assert second["photos"][0]["box"]["right"] == 680
    assert second["pieces"] == []


def test_report_and_spreadsheet_show_the_evidence(
    batch: Callable[[Path], "Finished"], evidence: Path, tmp_path: Path
) -> None:
    hostile = {"text": "<script>alert(1)</script>", "length": "airframe=2.6 m ±3%"}
    first = {"photo": "red.jpg", "item": "a", "box": "0,0,99,99"} | hostile
    batch(table(evidence, first, {"photo": "red.jpg", "item": "b"}))
    page = (tmp_path / "out/report.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    for said in (
        "Photos alone",
        "With evidence",
        "Raises Shahed-131",
        "only the box was looked at",
        "What would settle it",
    ):
        assert said in page
    with (tmp_path / "out/results.csv").open(encoding="utf-8-sig", newline="") as lines:
        cells, _ = csv.DictReader(lines)
    assert json.loads(cells["evidence"])["lengths"][0]["value"] == 2.6
    assert (cells["candidate_1"], cells["photos_alone"]) == ("shahed-131", "shahed-136")


def test_replay_honours_the_evidence(
    batch: Callable[[Path], "Finished"],
    wreckid: Wreckid,
    release: Release,
    evidence: Path,
    tmp_path: Path,
) -> None:
    batch(
        table(
            evidence,
            {"photo": "both.png", "item": "a", "text": "Герань", "box": "520,320,680,480"},
            {"photo": "red.jpg", "item": "b", "text": "Орлан", "box": ""},
        )
    )
    done = wreckid("replay", tmp_path / "out", "--release", release.folder)
    assert done.code == 0 and "the same answers" in done.out
    plan = (tmp_path / "out/plan.jsonl").read_text()
    (tmp_path / "out/plan.jsonl").write_text(plan.replace("520", "120"))
    done = wreckid("replay", tmp_path / "out", "--release", release.folder)
    assert done.code == 1 and done.out.startswith("a: ")


def test_a_box_beyond_its_photo_is_a_row_that_says_so(
    batch: Callable[[Path], "Finished"], evidence: Path, tmp_path: Path
) -> None:
    done = batch(
        table(
            evidence,
            {"photo": "red.jpg", "item": "a", "box": "900,900,950,950"},
            {"photo": "red.jpg", "item": "b", "box": ""},
        )
    )
    assert done.code == 0 and "1 unreadable" in done.out
    outside, inside = rows(tmp_path)
    assert outside["photos"][0]["failure"]["code"] == "box-outside"
    assert outside["photos"][0]["sha256"] == inside["photos"][0]["sha256"]
    assert inside["photos"][0]["failure"] is None


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"length": "3 km"}, "column length: Input should be 'mm', 'cm', 'm', 'in' or 'ft'"),
        ({"length": "-3 m"}, "column length: Input should be greater than 0"),
        ({"length": "3000 m"}, "column length: 3000 m is not between"),
        ({"length": "nan m"}, "column length: Input should be a finite number"),
        ({"length": "long"}, "column length: “long” is not a length"),
        ({"length": "wingspan=1 m; wingspan=2 m"}, "column length: wingspan is given twice"),
        ({"wing": "round"}, "column wing: Input should be"),
        ({"length": "3 m; 12,500 mm"}, "column length: “12,500 mm” may be read in two ways: write"),
        ({"engines": "many"}, "column engines: Input should be a valid integer"),
        ({"propeller-blades": "-1"}, "column propeller-blades: Input should be greater"),
        ({"colour": "pink"}, "column colour: Input should be"),
        ({"prior": "mars"}, "column prior: there is no prior mars"),
        ({"box": "1,2,3"}, "column box: “1,2,3” is not LEFT,TOP,RIGHT,BOTTOM"),
        ({"box": "10,10,5,50"}, "column box: right must be beyond left"),
        ({"box": "a,b,c,d"}, "column box: Input should be a valid number"),
        ({"wing": "none", "tip-fins": "up"}, "item x: evidence: wing none contradicts tip_fins"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_line_and_column(
    batch: Callable[[Path], "Finished"],
    evidence: Path,
    tmp_path: Path,
    cells: dict[str, str],
    named: str,
) -> None:
    empty = dict.fromkeys(cells, "")
    source = table(
        evidence,
        {"photo": "red.jpg", "item": "y"} | empty,
        {"photo": "red.jpg", "item": "x"} | cells,
    )
    done = batch(source)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert f"finds.csv, line 3, {named}" in done.err
    assert not (tmp_path / "out/log.jsonl").read_bytes()


def test_columns_are_named_as_the_options_are(wreckid: Wreckid) -> None:
    options = set(re.findall(r"--([a-z][a-z-]+)", wreckid("classify", "--help").out))
    assert set(EVIDENCE) == options - {"json", "release", "server", "key", "help"}


@pytest.mark.parametrize(
    ("head", "cell", "field"),
    [
        ("lengths", "airframe=3.4 m", "lengths"),
        ("Wing Position", "high", "wing_position"),
        ("tip_fins", "up and down", "tip_fins"),
        (" propeller  blades ", "2", "propeller_blades"),
        ("Color", "black", "colour"),
        ("boxes", "0,0,99,99", "boxes"),
    ],
)
def test_evidence_under_another_spelling_of_its_name_is_weighed(
    evidence: Path, head: str, cell: str, field: str
) -> None:
    (item,) = read_table(table(evidence, {"photo": "red.jpg", "item": "a", head: cell}))
    assert item.evidence.model_fields_set == {field}
    assert not item.measurements


def test_two_spellings_of_one_column_are_refused(
    batch: Callable[[Path], "Finished"], evidence: Path
) -> None:
    done = batch(table(evidence, {"photo": "red.jpg", "item": "a", "color": "", "Colour": ""}))
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("line 1: there are two columns colour: keep one.\n")


@pytest.mark.parametrize("head", ["Wing loading", "colours", "length_note", "Found by"])
def test_any_other_column_is_passed_through_as_it_stands(evidence: Path, head: str) -> None:
    (item,) = read_table(table(evidence, {"photo": "red.jpg", "item": "a", head: "x"}))
    assert (item.measurements, item.evidence) == ({head: "x"}, NOTHING)


def test_a_table_that_was_changed_since_is_named(
    batch: Callable[[Path], "Finished"], wreckid: Wreckid, evidence: Path, tmp_path: Path
) -> None:
    source = table(evidence, {"photo": "red.jpg", "item": "a", "colour": "black"})
    batch(source)
    assert wreckid("verify", tmp_path / "out", "--evidence", source).code == 0
    source.write_text(source.read_text().replace("black", "white"))
    done = wreckid("verify", tmp_path / "out", "--evidence", source)
    assert (done.code, done.out) == (1, "finds.csv was changed.\n")
