"""Planted histories: what a click depends on, and the films in a history."""

from __future__ import annotations

import numpy as np

from ctr_app.data.synthetic import planted_histories

from .examples import logits


def test_a_click_depends_on_the_films_of_the_candidates_genre_in_the_history():
    planted = planted_histories(20_000)
    kinds = planted.truth.kinds
    alike = np.array(
        [
            sum(kinds[film] == kinds[candidate] for film in history.split("|"))
            for candidate, history in planted.frame.select("film", "history").rows()
        ]
    )
    rates = [planted.frame["click"].to_numpy()[alike == count].mean() for count in range(4)]
    assert rates == sorted(rates)
    assert rates[3] > rates[0] + 0.3
    left = logits(planted.probabilities) - 1.8 * np.log1p(alike)
    assert left.std() < 0.3 * np.sqrt(3) * 1.6
    assert abs(np.corrcoef(left, alike)[0, 1]) < 0.1


def test_histories_hold_between_2_and_20_known_films():
    planted = planted_histories(1000)
    films = planted.frame["history"].str.split("|")
    assert films.list.len().is_between(2, 20).all()
    assert set(films.explode()) | set(planted.frame["film"]) <= set(planted.truth.kinds)
    assert planted.frame["user"].n_unique() < 1000 / 2
