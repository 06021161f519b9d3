"""Pictures of the page of tyto serve for docs/images: at a desk in light, on a phone in the dark.

    python tools/make_page_pictures.py build/tyto      needs playwright and pillow, and Debian's chromium
"""

import io
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"page": ((1280, 880), "light"), "page-phone": ((390, 844), "dark")}


def shot(browser, url, size, scheme):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.goto(url)
    page.get_by_label("Choose a photo or video").set_input_files(ROOT / "assets/scenes/seven.jpg")
    page.get_by_label("Look for").fill("a globe, a gift, a rabbit")
    page.get_by_label("Look for").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("3 things found")
    page.get_by_role("status").click()  # the cursor leaves the field
    page.evaluate("document.activeElement.blur()")
    return Image.open(io.BytesIO(page.screenshot()))


def main():
    server = subprocess.Popen([sys.argv[1], "serve", "-m", ROOT / "models/tyto-small", "--port", "0", "--log", "none"],
                              stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().split()[-1]
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (size, scheme) in SIZES.items():
            picture = shot(browser, url, size, scheme).convert("RGB").quantize(128, dither=Image.Dither.NONE)
            picture.save(ROOT / f"docs/images/{name}.png", optimize=True)
        browser.close()
    server.terminate()


if __name__ == "__main__":
    main()
