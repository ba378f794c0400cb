"""The same evidence gives the same answer at every door, and bad values the same sentence."""

import json
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving.choices import COUNTS, choices

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]

EVIDENCE = {
    "lengths": ["airframe=3.4 m ±5%", "fragment=120 cm"],
    "tip_fins": "up and down",
    "engines": 1,
    "colour": "black",
    "text": ["Герань-2", "Z"],
    "part": ["nose cone"],
    "boxes": ["1:20,10,280,230"],
}
FLAGS = [
    *("--length", "airframe=3.4 m ±5%", "--length", "fragment=120 cm"),
    *("--tip-fins", "up and down", "--engines", "1", "--colour", "black"),
    *("--text", "Герань-2", "--text", "Z", "--part", "nose cone", "--box", "1:20,10,280,230"),
]
FORM = {
    "length_value": ["3.4", "120", ""],
    "length_unit": ["m", "cm", "m"],
    "length_tolerance": ["5", "10", "10"],
    "length_measures": ["airframe", "fragment", "unknown"],
    "wing": "",
    "tip_fins": "up and down",
    "engines": "1",
    "colour": "black",
    "text": ["Герань-2", "Z"],
    "part": "nose cone",
    "box": "1:20,10,280,230",
    "prior": "",
}

BAD: dict[str, tuple[dict[str, Any], list[str], dict[str, Any]]] = {
    "evidence.lengths.0.value": (
        {"lengths": ["-3 m"]},
        ["--length", "-3 m"],
        {"length_value": "-3", "length_unit": "m"},
    ),
    "evidence.lengths.0: 3000 m": (
        {"lengths": ["3000 m"]},
        ["--length", "3000 m"],
        {"length_value": "3000", "length_unit": "m"},
    ),
    "evidence.lengths.0.unit": (
        {"lengths": ["3 km"]},
        ["--length", "3 km"],
        {"length_value": "3", "length_unit": "km"},
    ),
    "evidence.lengths.0.value: Input should be a finite number": (
        {"lengths": ["nan m"]},
        ["--length", "nan m"],
        {"length_value": "nan", "length_unit": "m"},
    ),
    "wing none contradicts tip_fins": (
        {"wing": "none", "tip_fins": "up"},
        ["--wing", "none", "--tip-fins", "up"],
        {"wing": "none", "tip_fins": "up"},
    ),
    "evidence.boxes: there is no photo 3": (
        {"boxes": ["3:0,0,50,50"]},
        ["--box", "3:0,0,50,50"],
        {"box": "3:0,0,50,50"},
    ),
    "evidence.boxes: the box of photo 1": (
        {"boxes": ["1:900,900,950,950"]},
        ["--box", "1:900,900,950,950"],
        {"box": "1:900,900,950,950"},
    ),
    "evidence.prior: there is no prior mars": (
        {"prior": "mars"},
        ["--prior", "mars"],
        {"prior": "mars"},
    ),
}


class Page(HTMLParser):
    """The values of the fields of a page, and its bars."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.bars: list[float] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name") not in self.fields:
            self.fields[found.get("name") or ""] = found.get("value") or ""
        if tag == "progress":
            self.bars.append(float(found["value"] or 0))


def form_of(fields: dict[str, Any]) -> dict[str, Any]:
    rest = {"length_tolerance": "10", "length_measures": "unknown"}
    return (rest if "length_value" in fields else {}) | fields


def api(client: TestClient, data: bytes, evidence: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(
        "/v1/classify",
        files={"photos": ("a.jpg", data)},
        data={"evidence": json.dumps(evidence)},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_all_doors_weigh_alike(
    client: TestClient, wreckid: Wreckid, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(photo("grey"))
    one = api(client, file.read_bytes(), EVIDENCE)
    other = json.loads(wreckid("classify", file, "--json", *FLAGS, "--release", release.folder).out)
    page = client.post("/", files={"photos": ("a.jpg", file.read_bytes())}, data=FORM)
    assert one == other
    assert Page(page.text).bars == [candidate["confidence"] for candidate in one["candidates"]]
    assert one["photos"][0]["box"] == {
        "photo": 1,
        "left": 20.0,
        "top": 10.0,
        "right": 280.0,
        "bottom": 230.0,
    }


@pytest.mark.parametrize("named", BAD)
def test_a_bad_value_is_refused_at_every_door(
    client: TestClient,
    wreckid: Wreckid,
    release: Release,
    photo: MakePhoto,
    tmp_path: Path,
    named: str,
) -> None:
    evidence, flags, fields = BAD[named]
    file = tmp_path / "a.jpg"
    file.write_bytes(photo("red"))
    upload = {"photos": ("a.jpg", file.read_bytes())}
    sent = client.post("/v1/classify", files=upload, data={"evidence": json.dumps(evidence)})
    assert sent.status_code == 422
    sentence = sent.json()["detail"]
    assert named in sentence and sentence.count("\n") == 0
    done = wreckid("classify", file, *flags, "--release", release.folder)
    assert (done.code, done.out, done.err) == (2, "", sentence + "\n")
    page = client.post("/", files=upload, data=form_of(fields))
    assert page.status_code == 422
    assert named in unescape(page.text) and 'role="alert"' in page.text


def test_without_evidence_final_candidates_are_those_of_the_photos(
    client: TestClient, photo: MakePhoto
) -> None:
    result = api(client, photo("red"), {})
    assert result["candidates"] == result["image_candidates"]
    assert result["probabilities"] == result["image_probabilities"]
    assert result["pieces"] == []
    assert sum(result["probabilities"].values()) == pytest.approx(1)


def test_evidence_turns_the_ranking_and_shows_how(client: TestClient, photo: MakePhoto) -> None:
    result = api(client, photo("red"), {"lengths": ["airframe=2.6 m ±3%"], "propulsion": "rotary"})
    assert result["image_candidates"][0]["type"] == "shahed-136"
    assert result["candidates"][0]["type"] == "shahed-131"
    length, propulsion = result["pieces"]
    assert (length["field"], propulsion["field"]) == ("lengths", "propulsion")
    moved = {one["type"]: one for one in length["moved"]}
    assert moved["shahed-131"]["log_odds"] > 0 > moved["shahed-136"]["log_odds"]
    assert moved["shahed-131"]["words"].startswith("raises Shahed-131")
    assert moved["shahed-136"]["words"].startswith("lowers Shahed-136")


def test_what_would_settle_it_is_asked_until_it_is_answered(
    client: TestClient, photo: MakePhoto
) -> None:
    asked = [one["fact"] for one in api(client, photo("red"), {})["would_settle"]]
    assert "propulsion" in asked
    told = api(client, photo("red"), {"propulsion": "piston"})["would_settle"]
    assert "propulsion" not in [one["fact"] for one in told]


def test_unexplained_evidence_lowers_trust_and_no_arithmetic(
    client: TestClient, photo: MakePhoto
) -> None:
    result = api(client, photo("red"), {"lengths": ["wingspan=30 m ±2%"]})
    assert result["verdict"]["rule"] == "uav-evidence-unexplained"
    assert any("No type of the catalogue explains" in notice for notice in result["notices"])
    assert sum(result["probabilities"].values()) == pytest.approx(1)


def test_the_result_of_classify_can_be_weighed_again(client: TestClient, photo: MakePhoto) -> None:
    evidence = {"lengths": ["airframe=2.6 m ±3%"], "text": ["Герань"]}
    plain, whole = api(client, photo("red"), {}), api(client, photo("red"), evidence)
    fields = ("photos", "image_probabilities", "out_of_catalogue", "agreement")
    weighing = {name: plain[name] for name in fields} | {"evidence": evidence}
    assert client.post("/v1/weigh", json=weighing).json() == whole


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"image_probabilities": {"shahed-136": 1.0}}, "image_probabilities"),
        ({"image_probabilities": {"shahed-136": "many"}}, "image_probabilities"),
        ({"evidence": {"wing": "round"}}, "evidence.wing"),
        ({"photos": 3}, "photos"),
        ({"scale": 3}, "scale"),
    ],
)
def test_a_bad_weighing_is_one_sentence(
    client: TestClient, photo: MakePhoto, change: dict[str, Any], named: str
) -> None:
    plain = api(client, photo("red"), {})
    fields = ("photos", "image_probabilities", "out_of_catalogue", "agreement")
    weighing = {name: plain[name] for name in fields} | change
    answer = client.post("/v1/weigh", json=weighing)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str) and named in answer.json()["detail"]


def test_probabilities_that_do_not_add_up_are_refused(client: TestClient, photo: MakePhoto) -> None:
    plain = api(client, photo("red"), {})
    for wrong in (0.0, 1.0, 0.5):
        probabilities = plain["image_probabilities"] | {"orlan-10": wrong}
        weighing = {"photos": [], "image_probabilities": probabilities}
        answer = client.post("/v1/weigh", json=weighing)
        assert answer.status_code == 422
        assert "image_probabilities" in answer.json()["detail"]


def test_the_page_weighs_again_without_the_photos(client: TestClient, photo: MakePhoto) -> None:
    first = client.post("/", files={"photos": ("<b>a.jpg", photo("red"))})
    sighting = Page(first.text).fields["sighting"]
    evidence = {"lengths": ["airframe=2.6 m ±3%"]}
    fields = {
        "length_value": "2.6",
        "length_unit": "m",
        "length_tolerance": "3",
        "length_measures": "airframe",
    }
    again = client.post("/weigh", data={"sighting": sighting, **fields})
    assert again.status_code == 200
    whole = api(client, photo("red"), evidence)
    assert Page(again.text).bars == [one["confidence"] for one in whole["candidates"]]
    assert "<b>a.jpg" not in again.text
    assert 'value="2.6"' in again.text


@pytest.mark.parametrize("sighting", [None, "", "{", '{"photos": 3}', "[]"])
def test_a_damaged_sighting_comes_back_with_a_sentence(
    client: TestClient, sighting: str | None
) -> None:
    answer = client.post("/weigh", data={} if sighting is None else {"sighting": sighting})
    assert answer.status_code == 422
    assert "examine the photos again" in answer.text


def test_the_page_shows_pieces_tree_and_comparison(client: TestClient, photo: MakePhoto) -> None:
    page = client.post("/", files={"photos": ("a.jpg", photo("red"))}, data=FORM).text
    assert "text: “Герань-2”" in page and "Raises Shahed-136 / Geran-2" in page
    assert page.count("the verdict stops here") == 1
    assert "The leading types side by side" in page and "Photos alone" in page
    assert 'value="Герань-2"' in page and 'value="120"' in page


def test_a_box_is_looked_at_instead_of_the_whole_photo(
    client: TestClient, wreckid: Wreckid
) -> None:
    from io import BytesIO

    from PIL import Image

    image = Image.new("RGB", (800, 600), (20, 230, 20))
    image.paste((230, 20, 20), (500, 300, 700, 500))
    file = BytesIO()
    image.save(file, "PNG")
    whole = api(client, file.getvalue(), {})
    boxed = api(client, file.getvalue(), {"boxes": ["1:520,320,680,480"]})
    assert whole["candidates"][0]["type"] == "orlan-10"
    assert boxed["candidates"][0]["type"] == "shahed-136"


def test_evidence_without_photos_is_weighed_on_the_command_line(
    wreckid: Wreckid, release: Release
) -> None:
    done = wreckid("classify", "--text", "Орлан-10", "--json", "--release", release.folder)
    assert done.code == 0
    result = json.loads(done.out)
    assert result["photos"] == [] and result["image_candidates"] == []
    types = [one["type"] for one in result["candidates"] if one["type"] != "not-a-uav"]
    assert types[0] == "orlan-10"


def test_a_name_speaks_for_its_type_alone_and_a_bare_number_for_none(
    client: TestClient, photo: MakePhoto
) -> None:
    named, number = api(client, photo("grey"), {"text": ["Shahed-131", "9450"]})["pieces"]
    assert [one["type"] for one in named["moved"] if one["log_odds"]] == ["shahed-131"]
    assert not any(one["log_odds"] for one in number["moved"])


def test_the_page_weighs_evidence_without_a_photo(client: TestClient) -> None:
    answer = client.post("/", data={"text": "Орлан-10", "length_value": ""})
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.fields["sighting"] and page.bars
    assert client.post("/", data={"text": " "}).status_code == 422


def test_what_is_typed_comes_back_escaped(client: TestClient, photo: MakePhoto) -> None:
    fields = {"text": "<script>alert(1)</script>"}
    page = client.post("/", files={"photos": ("a.jpg", photo("red"))}, data=fields).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_the_table_shows_both_columns_and_the_pieces(
    wreckid: Wreckid, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(photo("red"))
    done = wreckid("classify", file, *FLAGS, "--release", release.folder)
    assert "Photos alone" in done.out and "With evidence" in done.out
    assert "text: “Герань-2”" in done.out and "raises Shahed-136" in done.out


def test_the_schema_of_evidence_is_published(client: TestClient) -> None:
    schema = client.get("/v1/evidence").json()
    assert {"lengths", "wing", "text", "boxes", "prior"} <= set(schema["properties"])


def test_the_help_names_every_choice(wreckid: Wreckid) -> None:
    words = " ".join(wreckid("classify", "--help").out.replace("│", " ").split())
    for name, values in choices().items():
        assert f"--{name.replace('_', '-')} " in words
        if name not in (*COUNTS, "prior"):
            assert all(f"{value}" in words for value in values)


def test_the_form_offers_every_choice(client: TestClient) -> None:
    page = client.get("/").text
    for name, values in choices().items():
        assert f'name="{name}"' in page
        assert all(f'<option value="{value}">' in page for value in values)
