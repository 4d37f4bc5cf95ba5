"""A browser for the tests of the pages."""

import os
import re
from pathlib import Path

import pytest

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.exists():
        message = f"NO BROWSER: {CHROMIUM} is missing, so the page was NOT tested (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def offers_to_send(page):
    """Buttons and links of a page that would take the reader or the data elsewhere."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("a, area, form, button, [role=button], [data-title], [data-attr]")].map(
            e => [e.getAttribute("href") || e.getAttribute("xlink:href") || e.getAttribute("action") || "",
                  [e.title, e.ariaLabel, e.dataset.title, e.dataset.attr, e.textContent].join(" ").trim()])"""
    )
    return [
        (address, words)
        for address, words in found
        if re.match(r"(https?:)?//|mailto:", address)
        or re.search(r"cloud|shar|chart studio|edit in|upload|send|produced with", words, re.IGNORECASE)
    ]


@pytest.fixture
def open_page(browser):
    """Opens a page without a network; the test fails if anything is complained of, fetched or offered to be sent."""
    complaints, fetched, pages, offers = [], [], [], []

    def open_page(path, width=1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.context.set_offline(True)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        offers += offers_to_send(page)
        page.close()
    assert offers == []
    assert complaints == []
    assert [url for url in fetched if not url.startswith(("file:", "data:", "blob:"))] == []
