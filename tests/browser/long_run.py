"""A training that does not end by itself, begun as a person begins it."""

from __future__ import annotations

from .screen import LOOK_AGAIN_MS, Screen


def begin(screen: Screen) -> None:
    """Train DCN on planted clicks for as long as the settings allow, and wait for the end of its first epoch."""
    screen.open("data")
    screen.key("data-source").get_by_text("Known data sets").click()
    screen.press("data-sample-planted-clicks")
    screen.settle()
    screen.go("Train")
    screen.key("train-family").get_by_text("DCN", exact=True).click()
    screen.settle()
    screen.press_words("Settings")
    for setting, value in (("epochs", "10000"), ("patience", "1000")):
        field = screen.key(f"train-dcn-{setting}").locator("input")
        field.fill(value)
        field.press("Enter")
        screen.settle()
    screen.see("at most 10000 epochs")
    screen.press("train-start")
    screen.wait_for_path("train")
    wait_for_epoch(screen, 1.0)
    screen.chart("Best validation AUC so far").wait_for()


def wait_for_epoch(screen: Screen, epoch: float) -> float:
    """Wait until the line above the curves says that training has come past ``epoch``; returns how far it is."""
    found = screen.page.wait_for_function(
        r"""past => {
          const words = document.querySelector('[data-testid="stMain"]').innerText.match(/Epoch ([\d.]+) of at most/);
          return words && parseFloat(words[1]) > past && parseFloat(words[1]);
        }""",
        arg=epoch,
        polling=LOOK_AGAIN_MS,
    )
    return float(found.json_value())
