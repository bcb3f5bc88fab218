# SPDX-License-Identifier: Apache-2.0
"""The built page and a browser for the tests that look at it."""

import pytest

from tests.web.page.browser import chromium
from web.build import build


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "page"
    build(folder)
    return folder


@pytest.fixture(scope="module")  # its event loop must not run on under other modules' tests
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def tab(browser):
    """A fresh tab; whatever the page reports as an error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    tab = context.new_page()
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and errors.append(said.text))
    yield tab
    context.close()
    assert errors == []
