"""The page in Chromium: a photo, names, examples, thresholds, the camera, a video, and the Perceiver's tasks."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import CAT, COFFEE, GOLDEN, SEVEN, SMALL

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
CHROMIUM = shutil.which("chromium")
TASKS = GOLDEN / "perceiver_tasks"
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium isn't there")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def models(serve_module):
    """A server of a model for each panel; the first finds things."""
    return serve_module("-m", f"small={SMALL}", "-m", f"flow={GOLDEN / 'perceiver/flow/model'}", "-m", f"gaps={TASKS / 'fill_mask/model'}",
                        "-m", f"texts={TASKS / 'texts/model'}", "-m", f"pictures={TASKS / 'pictures/model'}",
                        "-m", f"videos={GOLDEN / 'perceiver/multimodal/model'}")


@pytest.fixture
def page(browser, models):
    """The page, opened; what it asks for is in page.asked, and its script has no error."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True,
                                  permissions=["clipboard-read", "clipboard-write", "camera"])
    opened = context.new_page()
    opened.set_default_timeout(20000)
    faults, opened.asked = [], []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda m: faults.append(m.text) if m.type == "error" and "status of" not in m.text else None)
    opened.on("request", lambda r: opened.asked.append((r.method, r.url)))
    opened.goto(models.url)
    opened.get_by_role("heading", name="tyto").wait_for()
    yield opened
    context.close()
    assert not faults
    assert all(url.startswith((models.url, "blob:", "data:")) for _, url in opened.asked)


def posts(page, path):
    return sum(method == "POST" and url.endswith(path) for method, url in page.asked)


def open_photo(page, photo=SEVEN):
    page.get_by_label("Choose a photo or video").set_input_files(photo)
    expect(page.get_by_alt_text(f"The photo {photo.name}")).to_be_visible()


def look_for(page, *names):
    for name in names:
        page.get_by_label("Look for").fill(name)
        page.get_by_label("Look for").press("Enter")


def said(page, text):
    expect(page.get_by_role("status")).to_contain_text(text)


def boxes(page):
    return page.locator(".stage svg g")


def drag(page, share):
    """Drags a box over the photo, whose sides are shares of its own."""
    area = page.locator(".stage svg").bounding_box()
    at = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in share]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()


def test_things_are_found_and_labels_change_at_no_cost(page):
    open_photo(page)
    said(page, "Say what to look for")
    look_for(page, "a globe")
    said(page, "1 thing found")
    look_for(page, "a gift, a globe")
    said(page, "2 things found")
    expect(boxes(page)).to_have_count(2)
    expect(page.get_by_role("listitem").filter(has_text="a gift").locator(".count")).to_have_text("1")
    page.get_by_role("button", name="Remove a globe").click()
    said(page, "1 thing found")
    expect(boxes(page)).to_have_count(1)
    assert posts(page, "/v1/photos") == 1


def test_the_threshold_asks_nobody(page):
    open_photo(page)
    look_for(page, "a globe")
    said(page, "1 thing found")
    before = len(page.asked)
    slider = page.get_by_role("slider", name="Threshold")
    slider.focus()
    slider.press("End")
    expect(boxes(page)).to_have_count(0)
    page.get_by_label("Threshold of a globe").fill("0.5")
    expect(boxes(page)).to_have_count(1)
    page.get_by_label("Threshold of a globe").fill("")
    expect(boxes(page)).to_have_count(0)
    slider.press("Home")
    assert boxes(page).count() >= 1
    assert len(page.asked) == before


def test_a_dragged_box_is_an_example(page):
    open_photo(page)
    drag(page, [(0.43, 0.39), (0.67, 0.62)])
    expect(page.locator(".chip").filter(has_text="example 1")).to_be_visible()
    said(page, "found")
    page.get_by_role("button", name="Remove example 1").click()
    look_for(page, "a gift")
    said(page, "1 thing found")
    page.get_by_role("button", name="More like it").click()
    expect(page.locator(".chip").filter(has_text="example 1").locator(".count")).not_to_have_text("0")
    assert posts(page, "/v1/photos") == 1


def test_what_the_server_dropped_is_sent_again(page, models):
    open_photo(page)
    look_for(page, "a globe")
    said(page, "1 thing found")
    before = posts(page, "/v1/photos")
    left = [{"status": 404, "content_type": "application/json", "body": '{"error": "there is no such photo"}'}]
    page.route("**/v1/detect", lambda route: route.fulfill(**left.pop()) if left else route.continue_())
    look_for(page, "a gift")
    said(page, "2 things found")
    assert posts(page, "/v1/photos") == before + 1


def test_it_works_by_keyboard_alone(page):
    open_photo(page)
    page.keyboard.press("Escape")
    page.get_by_label("Look for").focus()
    page.keyboard.type("a globe")
    page.keyboard.press("Enter")
    said(page, "1 thing found")
    reached = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.getAttribute('aria-label') || e.textContent || e.id)(document.activeElement)"))
    assert {"Add", "Threshold of a globe", "Remove a globe", "threshold", "More like it", "Save or share"} <= reached


def test_exports(page):
    open_photo(page)
    look_for(page, "a globe", "a gift")
    said(page, "2 things found")
    page.get_by_text("Save or share").click()

    def saved(name):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

    name, own = saved("JSON")
    assert name == "seven.json" and {d["label"] for d in json.loads(own)["detections"]} == {"a globe", "a gift"}
    name, coco = saved("COCO")
    coco = json.loads(coco)
    assert [c["name"] for c in coco["categories"]] == ["a globe", "a gift"] and len(coco["annotations"]) == 2
    name, yolo = saved("YOLO")
    assert name == "seven.txt" and all(re.fullmatch(r"[01]( 0\.\d{6}){4}", line) for line in yolo.decode().splitlines())
    name, picture = saved("Picture")
    assert name == "seven-found.png" and picture.startswith(b"\x89PNG")


def test_copied_requests_run(page, tmp_path):
    open_photo(page)
    look_for(page, "a globe", "it's a gift")
    said(page, "found")
    page.get_by_text("Save or share").click()
    shutil.copy(SEVEN, tmp_path)
    page.get_by_role("button", name="Copy as curl").click()
    said(page, "Copied")
    found = json.loads(subprocess.check_output(["sh", "-c", page.evaluate("navigator.clipboard.readText()")], cwd=tmp_path))
    assert "a globe" in {d["label"] for d in found["detections"]}
    page.get_by_role("button", name="Copy as Python").click()
    said(page, "Copied for Python")
    printed = subprocess.check_output(["/usr/bin/python3", "-c", page.evaluate("navigator.clipboard.readText()")], cwd=tmp_path, text=True)
    assert "a globe 0.9" in printed


def test_the_camera(page):
    look_for(page, "a globe")
    page.get_by_role("button", name="Camera").click()
    said(page, "found.")
    expect(page.locator("video")).to_be_visible()
    assert posts(page, "/v1/photos") == 0 and posts(page, "/v1/detect") >= 1
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("video")).to_have_count(0)
    expect(page.get_by_text("Drop a photo here")).to_be_visible()


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg isn't there")
def test_a_video(page, tmp_path):
    video = tmp_path / "still.webm"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-loop", "1", "-i", SEVEN, "-t", "2", "-r", "10", "-vf", "scale=320:-2", video], check=True)
    look_for(page, "a globe")
    page.get_by_label("Choose a photo or video").set_input_files(video)
    said(page, "1 thing found")
    expect(boxes(page)).to_have_count(1)


def test_faults_are_said(page, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"this is no picture")
    page.get_by_label("Choose a photo or video").set_input_files(bad)
    said(page, "bad.jpg: ")
    expect(page.get_by_role("status")).to_have_class("bad")
    open_photo(page)  # and it goes on
    look_for(page, "a globe")
    said(page, "1 thing found")


def test_a_key_is_asked_for(browser, serve, tmp_path):
    (tmp_path / "key").write_text("secret\n")
    server = serve("-m", SMALL, "--api-key-file", tmp_path / "key")
    page = browser.new_page()
    page.goto(server.url)
    page.get_by_label("This server wants a key").fill("secret")
    page.get_by_role("button", name="Use it").click()
    open_photo(page)
    look_for(page, "a globe")
    said(page, "1 thing found")
    page.close()


def test_flow(page):
    page.get_by_label("Model").select_option("flow")
    page.get_by_label("First photo").set_input_files(CAT)
    page.get_by_label("Second photo").set_input_files(CAT)
    page.get_by_role("button", name="Show what moved").click()
    said(page, "Moved by")
    for name in ("The flow as colours", "The colour of each direction, from the middle of the disc"):
        assert page.get_by_alt_text(name).evaluate("e => e.naturalWidth") > 0


def test_gaps_are_filled(page):
    page.get_by_label("Model").select_option("gaps")
    page.get_by_label("A text with gaps").fill("ab[MASK]d")
    page.get_by_role("button", name="Fill in").click()
    said(page, "Filled in")
    expect(page.locator("mark")).to_have_count(1)
    page.locator("summary").click()
    expect(page.locator(".bars li")).to_have_count(5)


def test_classes_of_texts_and_photos(page):
    page.get_by_label("Model").select_option("texts")
    page.get_by_label("What is this text?").fill("good")
    page.get_by_role("button", name="Classify").click()
    assert page.locator(".bars li").first.wait_for() is None
    page.get_by_label("Model").select_option("pictures")
    page.get_by_label("Choose a photo").set_input_files(COFFEE)
    expect(page.get_by_alt_text("The photo coffee.jpg")).to_be_visible()
    assert page.locator(".bars meter").count() >= 2


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg isn't there")
def test_a_video_is_made_again(page, tmp_path):
    video = tmp_path / "moving.webm"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-t", "1", video], check=True)
    page.get_by_label("Model").select_option("videos")
    page.get_by_label("Choose a video").set_input_files(video)
    for name in ("Original, frame 1", "Made again, frame 1"):
        assert page.get_by_alt_text(name).evaluate("e => e.naturalWidth") > 0
    page.get_by_role("slider", name="Frame").press("ArrowRight")
    expect(page.get_by_alt_text("Made again, frame 2")).to_be_visible()
    assert page.locator(".bars li").count() >= 2


def contrast(a, b):
    def light(colour):
        parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
        r, g, b = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_touch_it(browser, models, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True, bypass_csp=True)
    page.goto(models.url)
    open_photo(page)
    look_for(page, "a globe", "a gift")
    said(page, "2 things found")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for control in page.locator("button:visible, select:visible, input:visible").all():
        box = control.bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24, control.evaluate("e => e.outerHTML")
    for element in page.locator("h1, .name:visible, button:visible, footer, #note").all():
        colours = element.evaluate("""e => { let back = e; while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement;
            return [getComputedStyle(e).color, getComputedStyle(back).backgroundColor]; }""")
        assert contrast(*colours) >= 4.5, element.evaluate("e => e.outerHTML")
    page.close()
