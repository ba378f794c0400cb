import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.model.verdict import percent
from wreckid.serving.page import PAGES
from wreckid.serving.result import LEAD, SAFETY

MakePhoto = Callable[..., bytes]


class Elements(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def post(client: TestClient, *photos: tuple[str, bytes]) -> str:
    answer = client.post("/", files=[("photos", photo) for photo in photos])
    assert answer.status_code == 200
    return answer.text


def test_the_form_takes_several_photos_without_script(client: TestClient, release: Release) -> None:
    page = client.get("/").text
    elements = Elements(page)
    (form,) = elements.all("form")
    assert form.items() >= {"method": "post", "enctype": "multipart/form-data"}.items()
    (field,) = [one for one in elements.all("input") if one.get("type") == "file"]
    assert field.items() >= {"name": "photos", "type": "file", "multiple": None}.items()
    assert SAFETY in page and LEAD in page
    assert release.sha256 in page and "tiny 0.0.1" in page


def test_the_result_says_what_an_investigator_needs(
    client: TestClient, release: Release, photo: MakePhoto
) -> None:
    page = post(client, ("a.jpg", photo("red")), ("cut.jpg", photo("red")[:-100]))
    assert page.index(SAFETY) < page.index(">Points to Shahed-136 / Geran-2</h1>")
    assert "83%" in page and "Wingspan" in page and "no source" in page
    assert "Easily taken for" in page
    assert "The file breaks off before its end" in page
    assert LEAD in page and release.sha256 in page


def test_bars_are_the_confidences(client: TestClient, photo: MakePhoto) -> None:
    upload = ("a.jpg", photo("grey"))
    result = client.post("/v1/classify", files={"photos": upload}).json()
    bars = [float(bar["value"] or 0) for bar in Elements(post(client, upload)).all("progress")]
    assert bars == [one["confidence"] for one in result["candidates"]]


def test_each_photo_has_its_class_map_and_a_switch(client: TestClient, photo: MakePhoto) -> None:
    elements = Elements(post(client, ("a.jpg", photo("red")), ("b.jpg", photo("red"))))
    maps = [image for image in elements.all("img") if image.get("class") == "map"]
    switches = [one for one in elements.all("input") if one.get("type") == "checkbox"]
    assert len(maps) == len(switches) == 2
    assert all((one["src"] or "").startswith("data:image/webp;base64,") for one in maps)
    labelled = {one.get("for") for one in elements.all("label")}
    assert labelled >= {one["id"] for one in switches}


def test_a_page_without_a_usable_photo_claims_nothing(client: TestClient) -> None:
    page = post(client, ("a.jpg", b""))
    assert "I cannot tell" in page and "The file is empty" in page
    assert not Elements(page).all("progress")


def test_an_empty_form_comes_back_with_a_sentence(client: TestClient) -> None:
    empty = (
        b'--x\r\nContent-Disposition: form-data; name="photos"; filename=""\r\n\r\n\r\n--x--\r\n'
    )
    header = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/", content=empty, headers=header)
    assert answer.status_code == 422
    assert "Choose at least one photo, or give what was measured or seen." in answer.text
    assert "<form" in answer.text


TYPED = {
    "length_value": ["2,5", "", "31"],
    "length_unit": ["cm", "ft", "in"],
    "length_tolerance": ["7", "60", "10"],
    "length_measures": ["wingspan", "fuselage", "unknown"],
    "wing": "delta",
    "engines": "2",
    "text": "<Герань>",
}
"""What no evidence is: the first length is no number."""
KEPT = (
    '<details class="more" open>',
    *('value="2,5"', "<option selected>cm", 'value="7"', '<option value="wingspan" selected>'),
    *("<option selected>ft", 'value="60"', '<option value="fuselage" selected>'),
    *('value="31"', "<option selected>in", '<option value="delta" selected>'),
    *('<option value="2" selected>', 'value="&lt;Герань&gt;"'),
)


def test_a_refused_form_comes_back_as_it_was_typed(client: TestClient, photo: MakePhoto) -> None:
    photos = [("photos", ("a.jpg", photo("red")))]
    for refused in (client.post("/", data=TYPED), client.post("/", data=TYPED, files=photos)):
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
        assert [one for one in KEPT if one not in refused.text] == []


def test_refused_evidence_leaves_the_result_of_the_photos(
    client: TestClient, photo: MakePhoto
) -> None:
    first = Elements(post(client, ("a.jpg", photo("red"))))
    (sighting,) = [one["value"] for one in first.all("input") if one.get("name") == "sighting"]
    refused = client.post("/weigh", data={**TYPED, "sighting": sighting or ""})
    assert refused.status_code == 422
    assert ">Points to Shahed-136 / Geran-2</h1>" in refused.text and 'role="alert"' in refused.text
    assert "The result below leaves out what was measured or seen." in refused.text
    assert [one for one in KEPT if one not in refused.text] == []
    again = Elements(refused.text)
    assert [bar["value"] for bar in again.all("progress")] == [
        bar["value"] for bar in first.all("progress")
    ]
    damaged = client.post("/weigh", data={**TYPED, "sighting": "{"})
    assert "examine the photos again" in damaged.text
    assert [one for one in KEPT if one not in damaged.text] == []


def test_a_file_in_the_place_of_words_does_not_come_back(client: TestClient) -> None:
    answer = client.post("/", files={"part": ("a", b"a")}, data={"text": "a" * 121})
    assert answer.status_code == 422
    assert f'<input name="text" maxlength="120" value="{"a" * 121}">' in answer.text
    assert "UploadFile" not in answer.text


def test_photos_alone_and_evidence_stand_side_by_side_with_no_uav(
    client: TestClient, photo: MakePhoto
) -> None:
    files = {"photos": ("a.jpg", photo("red"))}
    page = client.post("/", files=files, data={"wing": "delta"}).text
    result = client.post("/v1/classify", files=files, data={"evidence": '{"wing": "delta"}'}).json()
    alone, together = (
        escape(percent(result[name]["not-a-uav"]))
        for name in ("image_probabilities", "probabilities")
    )
    cells = f'<td class="number">{alone}</td><td class="number">{together}</td>'
    assert f"<tr><th>Not a UAV</th>{cells}" in page


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/v1/types", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_the_page_obeys_its_own_policy(client: TestClient, photo: MakePhoto) -> None:
    for page in (client.get("/").text, post(client, ("a.jpg", photo("red")))):
        elements = Elements(page)
        assert all("src" in script for script in elements.all("script"))
        assert not elements.all("style")
        for _, attributes in elements.found:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_everything_comes_from_this_server(client: TestClient, photo: MakePhoto) -> None:
    for page in (client.get("/").text, post(client, ("a.jpg", photo("red")))):
        for _, attributes in Elements(page).found:
            address = attributes.get("src") or attributes.get("href") or "/"
            assert address.startswith(("/", "data:"))
            if address.startswith("/"):
                assert client.get(address).status_code == 200
    client.cookies.clear()  # Among the addresses were other languages.


def test_the_page_is_light_for_a_weak_line(client: TestClient, photo: MakePhoto) -> None:
    page = post(client, *((f"{index}.jpg", photo("red", (4000, 3000))) for index in range(4)))
    assets = sum(file.stat().st_size for file in (PAGES / "static").iterdir())
    assert len(page.encode()) + assets < 150_000


def test_no_template_or_script_names_a_foreign_host() -> None:
    for file in Path(PAGES).rglob("*.*"):
        hosts = re.findall(r"https?://[\w.]+", file.read_text(encoding="utf-8"))
        assert set(hosts) <= {"http://www.w3.org"}
