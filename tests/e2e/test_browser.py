"""What people do on the page, in a browser: no step fails, nothing is told in the console."""

import base64
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.doors.keys import Keys
from wreckid.serving.settings import Settings

MakePhoto = Callable[..., bytes]
Listening = Callable[[FastAPI], AbstractContextManager[str]]
PATIENCE_MS = 300_000
RED = "Points to Shahed-136 / Geran-2"
DROP = """([selector, name, data]) => {
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    const dropped = new DataTransfer();
    dropped.items.add(new File([bytes], name, {type: "image/jpeg"}));
    const event = new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true});
    document.querySelector(selector).dispatchEvent(event);
}"""

REFUSED = re.compile(r"401 \(Unauthorized\)|429 \(Too Many Requests\)")
HIDDEN = """() => {
    const warning = document.querySelector(".safety").getBoundingClientRect();
    const focused = document.activeElement.getBoundingClientRect();
    const fits = focused.height < innerHeight / 2;
    return fits && focused.top < warning.bottom && focused.bottom > warning.top;
}"""

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def opened(chromium: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A page of a new browser that minds no clock; no script or policy may fail on it."""
    with chromium.new_context(base_url=address, locale="en-GB", **options) as context:
        context.set_default_timeout(PATIENCE_MS)
        page, told = context.new_page(), list[str]()
        page.on("console", lambda one: told.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        yield page
        assert [one for one in told if not REFUSED.search(one)] == []


@pytest.fixture
def address(release: Release, tmp_path: Path, listening: Listening) -> Iterator[str]:
    """A service that keeps items, on this machine alone."""
    with listening(create_app(release, Settings(store=tmp_path / "store"))) as address:
        yield address


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def test_photos_are_dropped_judged_looked_into_and_weighed_with_a_measurement(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    with opened(chromium, address) as page:
        page.goto("/")
        data = base64.b64encode(photo("red")).decode()
        page.evaluate(DROP, [".drop", "found.jpg", data])
        expect(page.locator("#chosen")).to_contain_text("found.jpg")
        page.get_by_role("button", name="Examine the wreck").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(RED)

        colours = page.locator("img.map")
        assert colours.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        expect(colours).to_have_css("opacity", "1")
        page.get_by_label("Show the colour").uncheck()
        expect(colours).to_have_css("opacity", "0")

        page.get_by_text("What was measured or seen").click()
        first = page.get_by_role("group", name="Length 1")
        first.get_by_label("What it measures").select_option("wingspan")
        first.get_by_label("Length", exact=True).fill("2.5")
        expect(page.get_by_role("heading", name="What the evidence changed")).to_be_visible()
        expect(page.locator("#pieces + p + ul")).to_contain_text("2.5 m")

        page.get_by_role("button", name="Русский").click()
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        expect(page.get_by_role("group").get_by_role("spinbutton").first).to_have_value("2.5")


def test_an_item_is_answered_blind_decided_and_exported(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    found = photo("red")
    with opened(chromium, address) as page:
        page.goto("/items")
        page.get_by_label("Name").fill("Field 7")
        page.get_by_label("Work blind").check()
        page.get_by_role("button", name="Make the item").click()
        page.locator("#photos").set_input_files(file("found.jpg", found))
        page.get_by_role("button", name="Add the photos").click()
        expect(page.get_by_role("heading", name="Your own answer first")).to_be_visible()
        expect(page.get_by_text(RED)).to_have_count(0)

        page.get_by_label("I take it for").select_option(label="Orlan-10")
        page.get_by_label("Because", exact=True).fill("Its colour.")
        page.get_by_role("button", name="Give my answer").click()
        expect(page.get_by_role("heading", name=RED)).to_be_visible()
        expect(page.locator("blockquote")).to_contain_text("Its colour.")

        page.get_by_label("The wreck is").select_option(label="Shahed-136 / Geran-2")
        page.get_by_label("Because", exact=True).fill("The plate says so.")
        page.get_by_role("button", name="Write it down").click()
        expect(page.locator("blockquote").first).to_contain_text("The plate says so.")

        with page.expect_download() as download:
            page.get_by_role("link", name="Export as a zip archive").click()
        with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
            assert found in [archive.read(name) for name in archive.namelist()]


def test_a_box_is_drawn_by_pointer_or_by_keyboard(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    with opened(chromium, address) as page:
        page.goto("/")
        page.locator("#photos").set_input_files([file("a.jpg", photo("red", (400, 200)))])
        canvas, box = page.get_by_role("application"), page.locator("input[name=box]")
        for keys, told in (
            ("Enter", ""),
            ("ArrowLeft", "1:100,50,300,150"),
            ("ArrowLeft", "1:92,50,292,150"),
            ("ArrowDown", "1:92,54,292,154"),
            ("Shift+ArrowRight", "1:92,54,300,154"),
            ("Shift+ArrowUp", "1:92,54,300,150"),
            ("Delete", ""),
        ):
            canvas.press(keys)
            assert (box.input_value(), box.is_disabled()) == (told, not told)
        frame = canvas.bounding_box()
        assert frame
        page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + frame["height"] / 4)
        page.mouse.down()
        page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + 2 * frame["height"])
        page.mouse.up()
        assert box.input_value() == "1:100,50,200,200"
        page.get_by_role("button", name="Examine the wreck").click()
        expect(page.locator("main")).to_contain_text("only the box was looked at")


def stroke(page: Page, selector: str, by: tuple[int, int]) -> None:
    """A finger that is drawn over the middle of something."""
    page.locator(selector).scroll_into_view_if_needed()
    frame = page.locator(selector).bounding_box()
    assert frame
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    finger = page.context.new_cdp_session(page)
    places = [[{"x": x + by[0] * n / 9, "y": y + by[1] * n / 9}] for n in range(10)]
    events = ["touchStart", *["touchMove"] * 9, "touchEnd"]
    for event, touched in zip(events, [*places, []], strict=True):
        finger.send("Input.dispatchTouchEvent", {"type": event, "touchPoints": touched})


def test_a_finger_scrolls_and_draws_a_box_only_when_asked(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True}
    with opened(chromium, address, viewport={"width": 375, "height": 500}, **phone) as page:
        page.goto("/")
        page.locator("#photos").set_input_files([file("a.jpg", photo("red", (400, 400)))])
        box, ask = page.locator("input[name=box]"), page.locator(".boxed button")
        expect(ask).to_have_text("Draw a box")
        page.evaluate("scrollTo(0, 0)")
        stroke(page, "canvas", (20, -120))
        expect(box).to_be_disabled()
        page.wait_for_function("scrollY > 50")

        ask.tap()
        expect(ask).to_have_attribute("aria-pressed", "true")
        stroke(page, "canvas", (60, -60))
        expect(ask).to_have_text("Take the box away")
        drawn = box.input_value()
        assert drawn.startswith("1:200,")
        stroke(page, "canvas", (20, 90))
        assert box.input_value() == drawn
        ask.tap()
        expect(box).to_be_disabled()
        expect(ask).to_have_attribute("aria-pressed", "false")


def test_a_stroke_that_is_broken_off_draws_nothing(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    with opened(chromium, address) as page:
        page.goto("/")
        page.locator("#photos").set_input_files([file("a.jpg", photo("red", (400, 200)))])
        canvas = page.get_by_role("application")
        before = canvas.evaluate("canvas => canvas.toDataURL()")
        canvas.hover()
        page.mouse.down()
        page.mouse.move(0, 0)
        assert canvas.evaluate("canvas => canvas.toDataURL()") != before
        canvas.dispatch_event("pointercancel")
        assert canvas.evaluate("canvas => canvas.toDataURL()") == before
        page.mouse.up()
        expect(page.locator("input[name=box]")).to_be_disabled()


def test_the_page_says_why_evidence_was_not_weighed_and_leaves_open_what_is_read(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    with opened(chromium, address) as page:
        page.goto("/")
        page.locator("#photos").set_input_files(file("a.jpg", photo("red")))
        page.get_by_role("button", name="Examine the wreck").click()
        page.get_by_text("What was measured or seen").click()
        problem = page.locator("#weigh-problem")
        first = page.get_by_role("group", name="Length 1")
        first.get_by_label("± %").fill("60")
        expect(problem).to_have_text(re.compile(r"^± %: .*50"))
        first.get_by_label("± %").fill("10")
        expect(problem).to_be_hidden()

        candidates = page.locator(".candidates details")
        candidates.nth(0).locator("summary").click()
        candidates.nth(1).locator("summary").click()
        page.get_by_label("Wing planform").select_option("delta")
        expect(page.get_by_role("heading", name="What the evidence changed")).to_be_visible()
        expect(candidates.nth(0)).not_to_have_attribute("open", "")
        expect(candidates.nth(1)).to_have_attribute("open", "")


def test_a_refusal_for_programs_is_told_on_the_page(
    chromium: Browser, address: str, photo: MakePhoto
) -> None:
    slower = "This key may send 600 requests a minute: try again in 2 s."
    with opened(chromium, address) as page:
        page.goto("/")
        page.locator("#photos").set_input_files(file("a.jpg", photo("red")))
        page.get_by_role("button", name="Examine the wreck").click()
        page.route(
            "**/weigh",
            lambda route: route.fulfill(
                status=429, json={"detail": slower}, content_type="application/problem+json"
            ),
        )
        page.get_by_text("What was measured or seen").click()
        page.get_by_label("Wing planform").select_option("delta")
        expect(page.locator("#weigh-problem")).to_have_text(slower)


@pytest.mark.parametrize("size", [(320, 568), (375, 720), (900, 500), (768, 640), (1200, 900)])
def test_the_warning_hides_nothing_that_the_keyboard_comes_to(
    chromium: Browser, address: str, photo: MakePhoto, size: tuple[int, int]
) -> None:
    width, height = size
    with opened(chromium, address, viewport={"width": width, "height": height}) as page:
        page.goto("/?language=ru")
        page.locator("#photos").set_input_files(file("a.jpg", photo("red")))
        page.locator("main button[type=submit]").click()
        page.locator(".again").focus()
        for _ in range(12):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(HIDDEN) is False


def test_who_has_no_key_is_refused_and_who_has_one_comes_in(
    chromium: Browser, release: Release, tmp_path: Path, listening: Listening
) -> None:
    key = Keys(tmp_path).create("Aigerim", "work")
    with (
        listening(create_app(release, Settings(store=tmp_path))) as address,
        opened(chromium, address) as page,
    ):
        page.goto("/items")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
        for given in ("wk_wrong", key):
            page.get_by_label("Your key").fill(given)
            page.get_by_role("button", name="Log in").click()
            if given != key:
                expect(page.get_by_role("alert")).to_contain_text("No such key holds.")
        expect(page.get_by_role("heading", level=1)).to_have_text("A new item")
        page.get_by_role("button", name="Log out Aigerim").click()
        page.goto("/items")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_pages_is_a_barrier(
    chromium: Browser,
    address: str,
    photo: MakePhoto,
    scheme: Literal["light", "dark"],
) -> None:
    with opened(chromium, address, color_scheme=scheme, reduced_motion="reduce") as page:

        def check() -> None:
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            found = Axe().run(page).response["violations"]
            barriers = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
            assert (page.url, barriers) == (page.url, [])

        for path in ("/", "/login", "/jobs", "/items"):
            page.goto(path)
            check()
        page.get_by_label("Name").fill("Field 7")
        page.get_by_role("button", name="Make the item").click()
        check()
        sent = [file("red.jpg", photo("red")), file("cut.jpg", photo("red")[:-100])]
        page.locator("#photos").set_input_files(sent)
        page.get_by_role("button", name="Add the photos").click()
        expect(page.get_by_role("heading", level=1).first).to_have_text("Field 7")
        check()
        page.goto("/items")
        check()
        page.goto("/")
        page.locator("#photos").set_input_files(sent)
        expect(page.get_by_role("application").first).to_be_visible()
        check()
        page.get_by_label("Wing planform").select_option("delta")
        page.get_by_role("button", name="Examine the wreck").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(RED)
        check()
