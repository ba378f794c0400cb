"""The page in four languages: chosen, kept, whole, escaped; programs are answered in English."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import polib
import pytest
from fastapi.testclient import TestClient

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.priors import priors
from wreckid.model.release import Release
from wreckid.serving import translation as module
from wreckid.serving.api import create_app
from wreckid.serving.choices import units
from wreckid.serving.doors.keys import Keys
from wreckid.serving.language import CHOICE
from wreckid.serving.result import LEAD, SAFETY
from wreckid.serving.sentences import sentences
from wreckid.serving.settings import Settings
from wreckid.serving.translation import ENGLISH, LANGUAGES, message_file, translation

MakePhoto = Callable[..., bytes]
TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]
EVIDENCE = {
    "length_value": "2.5",
    "length_unit": "m",
    "length_tolerance": "10",
    "length_measures": "wingspan",
    "wing": "delta",
    "engines": "7",
    "colour": "black",
    "text": "Герань-2",
}
TYPES = catalogue().types.values()
NAMES = {name for uav in TYPES for name in (uav.name, *uav.aliases)}
FORMATS = {"JPEG", "PNG", "HEIC", "WebP", "TIFF", "AVIF", "BMP", "GIF", "zip", "Zip"}
STANDARDS = {"MiB", "UTC", "SHA-256", "sha256", "C2PA", "Shift", "Delete", "V"}
OURS = {"wreckid", "tiny", "wk_", "local", "a.jpg", "cut.jpg", *priors()}
SAME = NAMES | {*units()} | FORMATS | STANDARDS | OURS
LONGEST_FIRST = "|".join(map(re.escape, sorted(SAME, key=len, reverse=True)))
KEPT = re.compile(rf"\{{\w+\}}|(?<![A-Za-z])({LONGEST_FIRST})(?![A-Za-z])")
"""Places, and what is written in Latin letters in every language."""
VOID = {"meta", "link", "img", "input", "br"}


class Words(HTMLParser):
    """What a page says in its own language: its text, without what is marked as English or code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._within: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            foreign = tag in ("code", "datalist") or (tag != "html" and "lang" in found)
            self._within.append(foreign)
        self.said += [found[name] or "" for name in ("aria-label", "title") if found.get(name)]
        self.said += [value or "" for name, value in attrs if name.startswith("data-")]

    def handle_endtag(self, tag: str) -> None:
        self._within.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._within):
            self.said.append(data)

    @property
    def english(self) -> list[str]:
        """Words in Latin letters that are not written so in every language."""
        return re.findall(r"[A-Za-z]+", KEPT.sub("", "\n".join(self.said)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def browser(client: TestClient) -> Iterator[TestClient]:
    """A browser that has chosen nothing yet."""
    client.cookies.clear()
    yield client
    client.cookies.clear()


@pytest.fixture
def desk(release: Release, tmp_path: Path) -> Iterator[TestClient]:
    """A service that keeps items."""
    with TestClient(create_app(release, Settings(store=tmp_path / "store"))) as desk:
        yield desk


def accepting(language: str) -> dict[str, str]:
    return {"Accept-Language": language}


def spoken(answer: httpx2.Response, language: str) -> str:
    """The page of an answer, which is whole in a language and says so."""
    page = answer.text
    words = Words(page)
    assert words.all("html") == [{"lang": language}]
    assert answer.headers["content-language"] == language
    assert {"accept-language", "cookie"} <= set(re.split(", ?", answer.headers["vary"].lower()))
    voice = translation(language)
    assert escape(voice.say(SAFETY)) in page and escape(voice.say(LEAD)) in page
    if language != ENGLISH:
        assert words.english == []
    return page


def examined(client: TestClient, photo: bytes, name: str = "a.jpg", **header: str) -> Any:
    files = [("photos", (name, photo)), ("photos", ("cut.jpg", photo[:-100]))]
    return client.post("/", files=files, data=EVIDENCE, headers=header)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_whole(browser: TestClient, photo: MakePhoto, language: str) -> None:
    header = accepting(language)
    spoken(browser.get("/", headers=header), language)
    page = spoken(examined(browser, photo("red"), **header), language)
    for sentence in ("Points to Shahed-136 / Geran-2", "The file breaks off before its end: copy"):
        whole = next((one for one in sentences() if one.startswith(sentence)), sentence)
        assert escape(translation(language).say(whole)) in page
    assert len(page.encode()) < 100_000


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("uk-UA,uk;q=0.9,en;q=0.5", "uk"),
        ("de, kk-Cyrl-KZ;q=0.2", "kk"),
        ("en;q=0.3, RU;q=0.8", "ru"),
        ("ru;q=0, kk;q=0.1", "kk"),
        ("de", "en"),
        ("*", "en"),
        ("ru;q=nan, ;q=x,, uk;q=9", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best(
    browser: TestClient, header: str, language: str
) -> None:
    spoken(browser.get("/", headers=accepting(header)), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_choice_is_offered_without_script_and_kept(browser: TestClient, language: str) -> None:
    before = "kk" if language != "kk" else "uk"
    start = Words(spoken(browser.get("/", headers=accepting(before)), before))
    (link,) = [one for one in start.all("a") if one.get("hreflang") == language]
    spoken(browser.get(link["href"] or "", headers=accepting(before)), language)
    spoken(browser.get("/", headers=accepting(before)), language)
    assert browser.cookies[CHOICE] == language


@pytest.mark.parametrize("unknown", ["de", "", "../ru", "RU ", "<b>"])
def test_an_unknown_language_is_not_chosen(browser: TestClient, unknown: str) -> None:
    answer = browser.get("/", params={CHOICE: unknown}, headers=accepting("uk"))
    spoken(answer, "uk")
    assert "set-cookie" not in answer.headers
    spoken(browser.get("/", headers={"Cookie": f"{CHOICE}=xx"} | accepting("kk")), "kk")


def test_a_result_is_told_in_another_language(browser: TestClient, photo: MakePhoto) -> None:
    first = Words(spoken(examined(browser, photo("red")), ENGLISH))
    (button,) = [one for one in first.all("button") if one.get("lang") == "kk"]
    assert button["form"] == "weigh"
    (sighting,) = [one["value"] for one in first.all("input") if one.get("name") == "sighting"]
    form = EVIDENCE | {"sighting": sighting or ""}
    again = Words(spoken(browser.post(button["formaction"] or "", data=form), "kk"))
    bars = [[bar["value"] for bar in page.all("progress")] for page in (first, again)]
    assert bars[0] == bars[1] != []
    spoken(browser.get("/"), "kk")


@pytest.mark.parametrize("language", TRANSLATED)
def test_kept_items_are_shown_in_each_language(
    desk: TestClient, photo: MakePhoto, language: str
) -> None:
    header = accepting(language)
    voice = translation(language)
    made = desk.post("/items", data={"name": "Поле 7", "blind": "1"}, headers=header)
    item = made.url.path
    assert desk.post(f"{item}/photos", files={"photos": ("a.jpg", photo("red"))}).status_code == 200
    withheld = spoken(desk.get(item, headers=header), language)
    assert escape(voice.say("Points to Shahed-136 / Geran-2")) not in withheld
    said = {"statement": "family:multirotor", "reason": "Четыре луча."}
    spoken(desk.post(f"{item}/answer", data=said, headers=header), language)
    twice = spoken(desk.post(f"{item}/answer", data=said, headers=header), language)
    assert escape(voice.say("The model's answer was open to you already: decide instead.")) in twice
    decided = spoken(desk.post(f"{item}/decision", data=said, headers=header), language)
    assert escape(voice.say("Of the family “Multirotor”")) in decided
    assert escape(voice.say("Points to Shahed-136 / Geran-2")) in decided
    link = next(one for one in Words(twice).all("a") if one.get("hreflang"))
    assert link["href"] == f"{item}?language={link['hreflang']}"
    spoken(desk.get("/items", headers=header), language)
    spoken(desk.get("/jobs", headers=header), language)
    stored = desk.get(f"/v1{item}", headers=header).json()
    assert stored["result"]["verdict"]["reason"].startswith("The photos resemble")


@pytest.mark.parametrize("language", TRANSLATED)
def test_refusals_on_the_page_are_in_its_language(
    release: Release, tmp_path: Path, desk: TestClient, language: str
) -> None:
    header = accepting(language)
    refusals = [
        desk.post("/", data={}, headers=header),
        desk.post("/", data={"wing": "none", "tip_fins": "up"}, headers=header),
        desk.post("/weigh", data={"sighting": "{"}, headers=header),
        desk.get("/items/none", headers=header),
        desk.post("/items", data={"name": " "}, headers=header),
        desk.post("/jobs", data={"name": "x"}, headers=header),
    ]
    Keys(tmp_path / "other").create("someone", "read")
    locked = create_app(release, Settings(store=tmp_path / "other"))
    with TestClient(locked) as closed:
        refusals.append(closed.post("/login", data={"key": "wk_no"}, headers=header))
    for answer in refusals:
        assert answer.status_code in (401, 404, 422)
        assert 'role="alert"' in spoken(answer, language)


def test_the_log_in_speaks_before_anyone_is_known(release: Release, tmp_path: Path) -> None:
    Keys(tmp_path).create("someone", "read")
    with TestClient(create_app(release, Settings(store=tmp_path))) as closed:
        page = spoken(closed.get("/login?next=/items", headers=accepting("ru")), "ru")
        (link,) = [one for one in Words(page).all("a") if one.get("hreflang") == "uk"]
        chosen = spoken(closed.get(link["href"] or ""), "uk")
    assert 'name="next" value="/items"' in chosen


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_from_photos_is_escaped(browser: TestClient, photo: MakePhoto, language: str) -> None:
    name = "<i>raises %(x)s {name} a lot</i>.jpg"
    words = {"text": "<i>wing: delta</i>", "part": "raises <i>x</i> a lot"}
    page = browser.post(
        "/",
        files=[("photos", (name, photo("red"))), ("photos", (f"2{name}", photo("red")))],
        data=words,
        headers=accepting(language),
    ).text
    assert not Words(page).all("i")
    for shown in (name, *words.values()):
        assert escape(shown).replace("&#x27;", "&#39;") in page


@pytest.fixture
def tampered(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A service whose Russian messages bring markup, but for one that is missing."""
    shutil.copytree(module.LOCALE, tmp_path / "locale")
    monkeypatch.setattr(module, "LOCALE", tmp_path / "locale")
    messages = polib.pofile(str(message_file("ru")))
    for entry in messages:
        if entry.msgid == "Examine the wreck":
            entry.msgstr = ""
        elif not entry.msgid_plural:
            entry.msgstr = f"<u onclick='x'>\"{entry.msgstr}</u>"
        entry.msgstr_plural = {form: f"<u>{text}" for form, text in entry.msgstr_plural.items()}
    messages.save()
    translation.cache_clear()
    with TestClient(create_app(release, Settings(store=tmp_path / "store"))) as client:
        yield client
    translation.cache_clear()


def test_markup_in_a_message_file_is_shown_and_not_obeyed(
    tampered: TestClient, photo: MakePhoto
) -> None:
    header = accepting("ru")
    plain = [tampered.get(path, headers=header).text for path in ("/", "/items", "/jobs")]
    for page in (*plain, examined(tampered, photo("red"), **header).text):
        assert "&lt;u onclick=" in page
        assert not Words(page).all("u")
        assert not [one for _, found in Words(page).tags for one in found if one.startswith("on")]
    assert ">Examine the wreck</button>" in plain[0]


def test_programs_are_answered_in_english(browser: TestClient, photo: MakePhoto) -> None:
    asked: dict[str, Any] = {
        "files": {"photos": ("a.jpg", photo("red"))},
        "data": {"evidence": json.dumps({"wing": "delta"})},
    }
    plain, russian = (
        browser.post("/v1/classify", **asked, headers=accepting(one)) for one in ("en", "ru")
    )
    assert plain.json() == russian.json()
    assert "content-language" not in russian.headers
    refused = browser.post("/v1/classify", headers=accepting("ru"))
    assert refused.json()["detail"].startswith("Send 1 to 16 photos")
