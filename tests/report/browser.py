"""Chromium through chromedriver's W3C WebDriver protocol, with the standard library alone."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ESCAPE, ENTER, LEFT, RIGHT, TAB = "\ue00c", "\ue007", "\ue012", "\ue014", "\ue004"
SHIFT, CONTROL, ALT = "\ue008", "\ue009", "\ue00a"

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
_NO_GPU = ("--disable-gpu",)
_SOFTWARE_GPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_DEADLINE = 60.0


@dataclass(frozen=True)
class Browser:
    """One session: a window that opens pages, presses keys and says what it sees."""

    session: str
    downloads: Path

    def open(self, page: Path, fragment: str = "") -> None:
        """Open a file."""
        self._post("url", {"url": page.resolve().as_uri() + fragment})

    def open_address(self, address: str) -> None:
        """Open a page of a server."""
        self._post("url", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever the page gives
        """Run a script with `return` in the page."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *keys: str) -> None:
        """Press and release keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def point(self, *steps: tuple[Any, ...], keys: str = "") -> None:
        """Move a real mouse, with keys held down meanwhile.

        Parameters
        ----------
        steps
            One after the other: `("move", x, y)` in pixels of the window, `("down", button)`, `("up", button)`
            (0 left, 1 middle, 2 right), `("wheel", x, y, by)`.
        keys
            Held from the first step to the last.
        """
        for key in keys:
            self._act({"type": "key", "id": "keyboard", "actions": [{"type": "keyDown", "value": key}]})
        mouse: list[dict[str, Any]] = []
        for kind, *given in steps:
            if kind == "wheel":
                self._mouse(mouse)
                x, y, by = given
                scroll = {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": by, "duration": 0}
                self._act({"type": "wheel", "id": "wheel", "actions": [scroll]})
            elif kind == "move":
                mouse.append({"type": "pointerMove", "x": round(given[0]), "y": round(given[1]), "duration": 0})
            else:
                mouse.append({"type": f"pointer{kind.title()}", "button": given[0]})
        self._mouse(mouse)
        for key in keys:
            self._act({"type": "key", "id": "keyboard", "actions": [{"type": "keyUp", "value": key}]})

    def _mouse(self, actions: list[dict[str, Any]]) -> None:
        if actions:
            self._act({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [*actions]})
        actions.clear()

    def _act(self, source: dict[str, Any]) -> None:
        self._post("actions", {"actions": [source]})

    def offline(self, gone: bool) -> None:
        """Cut the window off from every server, or let it reach them again."""
        speed = {"offline": gone, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        for command, parameters in (("Network.enable", {}), ("Network.emulateNetworkConditions", speed)):
            self._post("goog/cdp/execute", {"cmd": command, "params": parameters})

    def tabs(self) -> list[str]:
        """Give the names of all tabs of the window."""
        names: list[str] = self._get("window/handles")
        return names

    def new_tab(self) -> str:
        """Open an empty tab and go to it; gives its name."""
        name: str = self._post("window/new", {"type": "tab"})["handle"]
        self.to_tab(name)
        return name

    def to_tab(self, name: str) -> None:
        """Go to a tab."""
        self._post("window", {"handle": name})

    def close_tab(self) -> None:
        """Close the tab that is in front; go to another one then."""
        _ask("DELETE", f"{self.session}/window")

    def click(self, selector: str) -> None:
        """Click an element as a person would: it has to be seen."""
        element = self._post("element", {"using": "css selector", "value": selector})[ELEMENT]
        self._post(f"element/{element}/click", {})

    def give_file(self, selector: str, path: Path) -> None:
        """Choose a file in a field for files."""
        element = self._post("element", {"using": "css selector", "value": selector})[ELEMENT]
        self._post(f"element/{element}/value", {"text": str(path)})

    def texts(self, selector: str) -> list[str]:
        """Give the text of each element that is seen."""
        found: list[str] = self.run(
            "const seen = [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility());"
            "return seen.map(e => e.innerText)",
            selector,
        )
        return found

    def resize(self, width: int, height: int) -> None:
        """Give the window a size."""
        self._post("window/rect", {"width": width, "height": height})

    def narrow(self, width: int, height: int) -> None:
        """Lay the page out for a screen of this size, which may be smaller than a window can be."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._post("goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size})

    def screenshot(self) -> bytes:
        """Take a PNG of the window."""
        return base64.b64decode(self._get("screenshot"))

    def as_printed(self) -> None:
        """Lay the page out as on paper, from now on."""
        self._post("goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"media": "print"}})

    def printed(self) -> bytes:
        """Print the page to a PDF."""
        return base64.b64decode(self._post("print", {"background": True, "page": {"width": 21.0, "height": 29.7}}))

    def errors(self) -> list[str]:
        """Give what the console said since the last call: errors and warnings."""
        entries = self._post("se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Ask until the condition holds."""
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end:
            if condition():
                return
        raise AssertionError(f"not within {_DEADLINE:g} s: {what}")

    def download(self, start: Callable[[], None], name: str) -> str:
        """Give the text of a file that the page lets us save."""
        path = self.downloads / name
        path.unlink(missing_ok=True)
        start()
        # Chromium holds the name with an empty file until the whole of it has come.
        self.wait(lambda: path.is_file() and path.stat().st_size > 0, f"the download of {name}")
        return path.read_text(encoding="utf-8")

    def _post(self, command: str, content: dict[str, Any]) -> Any:  # noqa: ANN401
        return _ask("POST", f"{self.session}/{command}", content)

    def _get(self, command: str) -> Any:  # noqa: ANN401
        return _ask("GET", f"{self.session}/{command}")


@contextmanager
def browser(folder: Path, *, webgl: bool = False, flags: tuple[str, ...] = ()) -> Iterator[Browser]:
    """Start chromedriver and a window; both end with the block.

    Parameters
    ----------
    folder
        Empty: for the profile and the downloads.
    webgl
        Whether pages may draw in three dimensions, which is slow here.
    flags
        Further ones of Chromium.
    """
    downloads = folder / "downloads"
    downloads.mkdir(parents=True)
    with subprocess.Popen(
        [str(DRIVER), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as driver:
        try:
            root = f"http://127.0.0.1:{_port(driver)}"
            session = _ask(
                "POST",
                f"{root}/session",
                _capabilities(folder, downloads, (*flags, *(_SOFTWARE_GPU if webgl else _NO_GPU))),
            )["sessionId"]
            try:
                yield Browser(f"{root}/session/{session}", downloads)
            finally:
                _ask("DELETE", f"{root}/session/{session}")
        finally:
            driver.terminate()


def _port(driver: "subprocess.Popen[str]") -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.rsplit(maxsplit=1)[-1].rstrip("."))
    raise AssertionError("chromedriver did not start")


def _capabilities(folder: Path, downloads: Path, flags: tuple[str, ...]) -> dict[str, Any]:
    flags = (*_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", "--window-size=1280,900")
    preferences = {"download.default_directory": str(downloads), "download.prompt_for_download": False}
    options = {"binary": CHROMIUM, "args": list(flags), "prefs": preferences}
    return {
        "capabilities": {
            "alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"},
            }
        }
    }  # fmt: skip


def _ask(method: str, address: str, content: dict[str, Any] | None = None) -> Any:  # noqa: ANN401
    body = None if content is None else json.dumps(content).encode("utf-8")
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    # No proxy of the machine stands between us and ourselves.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_DEADLINE * 2) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {address}: {error.read().decode('utf-8', 'replace')[:2000]}") from error
