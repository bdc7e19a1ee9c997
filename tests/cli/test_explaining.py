"""explain."""

from __future__ import annotations

import pytest

from .conftest import Trained


def test_a_row_is_taken_apart_and_edited(trained: Trained) -> None:
    about = ("explain", trained.id("fm"), "--data", trained.clicks, "--row", 3, "--json")
    found = trained(*about, "--edit", "site=site 01", "--edit", "slot=top").json()
    total = found["baseline"] + sum(line["contribution"] for line in found["contributions"]) + found["delta"]
    assert total == pytest.approx(found["logit"], abs=1e-9)
    assert abs(found["delta"]) < 1e-4
    assert set(found["edits"]) == {"ctr", "site alone", "slot alone", "interaction"}
    reach = trained(*about, "--reach", found["ctr"] + 0.01).json()["reach"]
    assert reach["nearest"]["ctr"] >= found["ctr"] + 0.01


@pytest.mark.parametrize("method", ["gradients", "ablation", "shapley"])
def test_other_models_have_other_methods(trained: Trained, method: str) -> None:
    about = ("explain", trained.id("din"), "--data", trained.histories, "--row", 0)
    assert trained(*about, "--method", method, "--json").json()["method"] == method
    assert trained(*about, "--method", "exact").refusal().startswith("Only FM is a sum")
    assert trained(*about, "--edit", "candidate").refusal().startswith("--edit takes FIELD=VALUE")
