"""The page once something has changed: what was dropped, kept, copied, marked; keys in place of a mouse."""

import json
import shutil
import subprocess

from conftest import COFFEE, SEVEN, SHIRTS
from test_page import boxes, browser, drag, expect, look_for, models, open_photo, page, posts, pytestmark, said  # noqa: F401


def chip(page, name):
    return page.locator(".chip").filter(has_text=name)


def drop_all(page, models):
    """The server drops what it holds, as it does for want of room."""
    while page.held:
        models.ask("DELETE", page.held.pop())


def watch(page):
    page.held = []

    def note(route):
        reply = route.fetch()
        page.held.append(f"/{route.request.url.split('/', 3)[3]}/{reply.json().get('id')}")
        route.fulfill(response=reply)

    for path in ("photos", "vocabularies"):
        page.route(f"**/v1/{path}", note)


def test_dropped_examples_are_sent_again(page, models):
    watch(page)
    open_photo(page)
    drag(page, [(0.43, 0.39), (0.67, 0.62)])
    said(page, "found")
    drop_all(page, models)
    look_for(page, "a gift")
    expect(chip(page, "a gift").locator(".count")).to_have_text("1")
    expect(page.get_by_role("status")).not_to_have_class("bad")
    # An example of one photo finds its kind in another, whatever was dropped.
    drop_all(page, models)
    open_photo(page, SHIRTS)
    said(page, "found")
    expect(page.get_by_role("status")).not_to_have_class("bad")


def test_a_kept_frame_is_a_photo(page):
    look_for(page, "a globe")
    page.get_by_role("button", name="Camera").click()
    said(page, "found.")
    page.get_by_role("button", name="Keep this picture").click()
    expect(page.get_by_alt_text("The photo camera.jpg")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    expect(page.get_by_role("button", name="Keep this picture")).to_be_hidden()
    drag(page, [(0.2, 0.2), (0.6, 0.6)])
    expect(chip(page, "example 1")).to_be_visible()
    assert posts(page, "/v1/photos") == 1


def test_a_box_is_marked_by_keys(page):
    open_photo(page)
    page.get_by_role("button", name="Mark a thing").focus()
    page.keyboard.press("Enter")
    said(page, "arrows move it")
    page.keyboard.press("Escape")
    expect(page.locator(".chip")).to_have_count(0)
    page.get_by_role("button", name="Mark a thing").press("Enter")
    for key in ["ArrowRight"] * 4 + ["Shift+ArrowUp"] * 2:
        page.keyboard.press(key)
    with page.expect_request("**/v1/vocabularies") as asked:
        page.keyboard.press("Enter")
    box = asked.value.post_data_json["exemplars"][0]["box"]
    share = {side: round(at / 640, 2) for side, at in box.items()}
    assert share == {"xmin": 0.43, "ymin": 0.35, "xmax": 0.73, "ymax": 0.61}
    said(page, "found")


def test_thresholds_are_said_and_any_is_taken(page):
    open_photo(page)
    look_for(page, "a globe")
    said(page, "1 thing found")
    page.get_by_role("slider", name="Threshold").press("End")
    said(page, "Nothing above the threshold")
    page.get_by_label("Threshold of a globe").fill("0.33")
    expect(boxes(page)).to_have_count(1)


def test_copied_examples_run(page, tmp_path):
    shutil.copy(SEVEN, tmp_path / "it's 100%.jpg")
    open_photo(page, tmp_path / "it's 100%.jpg")
    look_for(page, 'a "100%" \\n globe', "a gift")
    drag(page, [(0.43, 0.39), (0.67, 0.62)])
    expect(chip(page, "example 1")).to_be_visible()
    said(page, "found")
    page.get_by_text("Save or share").click()
    page.get_by_role("button", name="Copy as curl").click()
    said(page, "Copied")
    ran = subprocess.run(["sh", "-c", page.evaluate("navigator.clipboard.readText()")], cwd=tmp_path, capture_output=True, text=True)
    assert "detections" in ran.stdout, ran
    found = json.loads(ran.stdout)["detections"]
    assert "a gift" in {thing["label"] for thing in found}
    page.get_by_role("button", name="Copy as Python").click()
    said(page, "Copied for Python")
    printed = subprocess.check_output(["/usr/bin/python3", "-c", page.evaluate("navigator.clipboard.readText()")], cwd=tmp_path, text=True)
    assert len(printed.splitlines()) == len(found)


def test_what_can_not_be_copied_is_shown(page):
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_text("Save or share").click()
    page.get_by_role("button", name="Copy as curl").click()
    said(page, "does not let this page copy")
    assert "/v1/detect" in page.evaluate("getSelection().toString()")


def test_flow_is_of_photos_of_any_size(page):
    page.get_by_label("Model").select_option("flow")
    page.get_by_label("First photo").set_input_files(COFFEE)
    page.get_by_label("Second photo").set_input_files(SEVEN)
    page.get_by_role("button", name="Show what moved").click()
    said(page, "Moved by")


def test_files_are_dropped_and_pasted(page):
    give = """(element, [kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], kind + '.jpg', {type: 'image/jpeg'}));
        element.dispatchEvent(kind === 'drop' ? new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent('paste', {clipboardData: data, bubbles: true}));
    }"""
    page.locator(".stage").evaluate(give, ["drop", list(SEVEN.read_bytes())])
    expect(page.get_by_alt_text("The photo drop.jpg")).to_be_visible()
    page.locator("body").evaluate(give, ["paste", list(SHIRTS.read_bytes())])
    expect(page.get_by_alt_text("The photo paste.jpg")).to_be_visible()


def test_names_of_boxes_stay_in_the_photo(page):
    page.set_viewport_size({"width": 360, "height": 740})
    open_photo(page)
    look_for(page, "a cup of coffee")
    said(page, "1 thing found")
    photo, name = (page.locator(where).bounding_box() for where in (".stage svg", ".stage svg text"))
    assert name["x"] >= photo["x"] and name["x"] + name["width"] <= photo["x"] + photo["width"]


def test_a_finger_scrolls_unless_a_thing_is_marked(browser, models):
    page = browser.new_page(viewport={"width": 390, "height": 700}, has_touch=True)
    page.goto(models.url)
    open_photo(page)
    svg = page.locator(".stage svg")
    touch = """(e, [type, x, y]) => { const at = e.getBoundingClientRect(); e.dispatchEvent(new PointerEvent(type, {pointerId: 1, pointerType: 'touch',
        button: 0, bubbles: true, clientX: at.left + x * at.width, clientY: at.top + y * at.height})); }"""

    def drag():
        for type_, x, y in (("pointerdown", 0.4, 0.4), ("pointermove", 0.6, 0.6), ("pointerup", 0.65, 0.65)):
            svg.evaluate(touch, [type_, x, y])

    svg.evaluate("e => { e.setPointerCapture = () => {}; }")
    drag()
    assert page.locator(".chip").count() == 0 and svg.evaluate("e => getComputedStyle(e).touchAction") == "auto"
    page.get_by_role("button", name="Mark a thing").click()
    assert svg.evaluate("e => getComputedStyle(e).touchAction") == "none"
    drag()
    expect(page.locator(".chip").filter(has_text="example 1")).to_be_visible()
    page.close()
