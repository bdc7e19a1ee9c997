"""The name that a drawn chart cannot hold."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as some
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from ctr_app.ui import vega_names
from ctr_app.ui.vega_names import BREAKING, HELD

NAMES = some.sampled_from([BREAKING, "constructor", "site", "proto", f"{BREAKING} "])


@given(some.lists(NAMES, min_size=1))
def test_only_the_breaking_name_is_exchanged_and_a_press_gives_it_back(names: list[str]) -> None:
    frame = pd.DataFrame({"field_a": names, "strength": np.arange(len(names), dtype=float)})
    shown = vega_names.held(frame)
    assert BREAKING not in set(shown["field_a"])
    assert vega_names.held({"sort": names, "width": 3}) == {"sort": list(shown["field_a"]), "width": 3}
    assert set(shown["field_a"]) - {HELD} == set(names) - {BREAKING}
    pressed = SimpleNamespace(selection={"cell": shown.to_dict("records")})
    assert [point["field_a"] for point in vega_names.meant(pressed, "cell")] == names
    assert list(frame["field_a"]) == names


def test_nothing_pressed_is_an_empty_list() -> None:
    assert vega_names.meant(SimpleNamespace(selection={"cell": None}), "cell") == []
    assert vega_names.meant(SimpleNamespace(selection={}), "cell") == []


def test_a_chart_on_the_page_holds_the_name_in_no_row_and_no_order() -> None:
    def page() -> None:
        import numpy as np

        from ctr_app.explain.pairs import pair_frame
        from ctr_app.ui import charts, pair_charts

        names = ["__proto__", "site"]
        frame = pair_frame(names, np.ones((2, 2)))
        pair_charts.pair_heatmap(names, frame, charts.titled("a", "b"), "logits", [], "picked").draw(alt="a")

    proto = AppTest.from_function(page, default_timeout=60).run().get("vega_lite_chart")[0].proto
    drawn = proto.spec + "".join(proto_frame.data.data.decode("latin-1") for proto_frame in proto.datasets)
    assert drawn.count(BREAKING) > 0
    assert json.dumps(BREAKING) not in proto.spec
    for held in proto.datasets:
        frame = convert_arrow_bytes_to_pandas_df(held.data.data)
        assert BREAKING not in set(frame.astype(str).to_numpy().ravel())
