"""A window and a server for all tests, or a server for a module, and a tab for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from ctr_app.data.catalogue import READY_MADE
from ctr_app.data.store import DatasetStore
from ctr_app.training.run_store import Run, RunStore
from tests.app.prepared import trained_run
from tests.groups import OWN_SERVER

from .screen import ColorScheme, Screen
from .server import Server

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORT_MS = 10_000
NewScreen = Callable[..., Screen]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without it these tests are skipped, but not where everything must be tested."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        sentence = f"no browser here: none of {', '.join(CHROMIUM_NAMES)} is installed"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


@pytest.fixture(scope="package")
def window(chromium: str) -> Iterator[BrowserContext]:
    """The window of all tabs, 1280 wide: it keeps the app's scripts, which take each window a second to load."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        browser.close()


def serving(folder: Path, trained: Path) -> Iterator[Server]:
    """A server on ``folder`` with the runs of ``trained``; afterwards its log must be clean."""
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    started = Server(folder)
    try:
        started.start()
        yield started
    finally:
        started.stop()
    assert started.trouble() == [], started.log()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small data sets and a run of each model on one of them; and what each server would make."""
    folder = tmp_path_factory.mktemp("trained")
    runs, datasets = RunStore(folder / "runs"), DatasetStore(folder / "data")
    for name in READY_MADE:
        datasets.add_sample(name).encoded()
    clicks = datasets.add_sample("planted-clicks", rows=3000, seed=1)
    histories = datasets.add_sample("planted-histories", rows=2000, seed=1)
    for model in ("fm", "dcn-v2", "din"):
        trained_run(runs, datasets, histories if model == "din" else clicks, model)
    return folder


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Iterator[Server]:
    """One server for all that do not mind what others have done there: to start one takes ten seconds."""
    yield from serving(tmp_path_factory.mktemp("shared-server"), trained)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory, trained: Path) -> Iterator[Server]:
    """A server of the module's own, where nobody else trains and nobody else minds that it is killed."""
    yield from serving(tmp_path_factory.mktemp("own-server"), trained)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The module's own server, if it is named in ``OWN_SERVER``, or the shared one."""
    found: Server = request.getfixturevalue("own_server" if request.path.name in OWN_SERVER else "shared_server")
    if not found.is_started:  # as after a first try of a test that ends it
        found.start()
    return found


@pytest.fixture
def earlier_runs(server: Server, trained: Path) -> dict[str, Run]:
    """Runs of the server that ended before it was started, by the model's title."""
    found = RunStore(server.runs).list()
    return {run.spec().title: run for run in found if (trained / "runs" / run.id).exists()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add to the report of a failed test what was on its screens."""
    report: Any = yield
    if report.failed and call.when == "call":
        screens = getattr(item, "funcargs", {}).get("screens", [])
        for number, screen in enumerate(screen for screen in screens if not screen.page.is_closed()):
            picture = item.config.rootpath / ".pytest_cache" / f"{item.name[:80]}-{number}.png"
            report.sections.append((f"screen at {screen.page.url}, see {picture}", shown(screen, picture)))
    return report


def shown(screen: Screen, picture: Path) -> str:
    """What can be read on the screen, of which a picture is taken; a page that never came has nothing to show."""
    screen.page.set_default_timeout(REPORT_MS)
    try:
        screen.page.screenshot(path=picture, full_page=True)
        return screen.text()
    except PlaywrightError as error:
        return str(error)


@pytest.fixture
def screens() -> list[Screen]:
    """The tabs that the test has opened."""
    return []


@pytest.fixture
def new_screen(window: BrowserContext, server: Server, screens: list[Screen]) -> Iterator[NewScreen]:
    """Opens tabs as different people do: each with its own session. Afterwards none may have complained."""

    def open_one(color_scheme: ColorScheme = "light") -> Screen:
        page = window.new_page()
        page.emulate_media(color_scheme=color_scheme)
        screens.append(Screen(page, server))
        return screens[-1]

    yield open_one
    for screen in screens:
        screen.page.close()
    window.clear_cookies()
    assert [line for screen in screens for line in screen.trouble()] == []


@pytest.fixture
def screen(new_screen: NewScreen) -> Screen:
    """One tab, 1280 wide, light."""
    return new_screen()
