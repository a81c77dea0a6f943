"""One browser for all tests of the desk's page."""

from collections.abc import Iterator

import pytest

from tests.report.browser import CHROMIUM, DRIVER, Browser, browser


@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver")
    with browser(tmp_path_factory.mktemp("browser"), webgl=True) as window:
        yield window
