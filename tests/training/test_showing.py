"""A model is shown while it trains for at most a small share of the time that it trains."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ctr_app.training.showing import MOST_SHARE, Showing


def shown(num_epochs: int, cost: float, patience: int) -> list[int]:
    """Which epochs of one second each are shown, where that costs so much and every epoch is better than the last."""
    now, epochs = 0.0, []

    def look(_run: object, epoch: int, *_: object) -> None:
        nonlocal now
        now += cost
        epochs.append(epoch)

    show = Showing(None, look, None, clock=lambda: now)  # type: ignore[arg-type]
    show(0, nn.Identity())
    for epoch in range(1, num_epochs + 1):
        now += 1.0
        show(epoch, nn.Identity(), min(num_epochs, epoch + patience))
    return epochs


@given(st.integers(1, 60), st.floats(0.0001, 1.0), st.integers(1, 60))
def test_showing_takes_its_share_and_no_more_beyond_what_is_always_shown(
    num_epochs: int, cost: float, patience: int
) -> None:
    epochs = shown(num_epochs, cost, patience)
    in_any_case = {0, 1, num_epochs}
    assert in_any_case <= set(epochs)
    assert set(epochs) == in_any_case or len(epochs) * cost <= MOST_SHARE * num_epochs + 1e-9


@given(st.integers(1, 60), st.integers(1, 60))
def test_every_epoch_is_shown_where_that_costs_little(num_epochs: int, patience: int) -> None:
    assert shown(num_epochs, MOST_SHARE / 4, patience) == list(range(num_epochs + 1))


def test_what_costs_too_much_for_every_epoch_is_shown_at_first_and_then_ever_again() -> None:
    assert shown(20, 0.038, patience=5) == [0, 1, 3, 5, 7, 9, 11, 13, 15, 20]
