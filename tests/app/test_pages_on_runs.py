"""Pages on runs of every kind of model, and on runs that are not there or not whole."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from ctr_app.data.inferring import infer
from ctr_app.data.reading import read_table
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import readouts, services

from .conftest import OpenPage
from .prepared import queued_run, trained_run
from .reading import charts, is_well, words

MODELS = ("FM", "DCN-V1", "DCN-V2", "DCN-Mix", "DIN")


@pytest.mark.parametrize("tour", ["fm", "dcn", "din"])
def test_a_tour_trains_in_the_background_and_ends_on_its_picture(open_page: OpenPage, tour: str) -> None:
    app = open_page()
    app.button(key=f"home-tour-{tour}").click().run()
    assert is_well(app)
    (run,) = RunStore().list()
    assert run.spec().family == tour
    assert app.query_params["run"] == run.id
    services.jobs().join()
    app.run()
    assert is_well(app)
    assert run.status().state == "done"
    assert app.title[0].value == ("Which past clicks explain this one" if tour == "din" else "Which fields interact")
    assert charts(app) >= 2


@pytest.mark.parametrize("model", MODELS)
def test_every_page_draws_every_kind_of_model(open_page: OpenPage, trained: dict[str, Run], model: str) -> None:
    run = trained[model]
    least_charts = {"train": 2, "interactions": 3}
    if model == "DIN":
        least_charts["attention"] = 2
    for page, least in least_charts.items():
        app = open_page(page, run)
        assert is_well(app), page
        assert charts(app) >= least
        assert app.query_params["run"] == run.id


@pytest.mark.parametrize("model", MODELS)
def test_every_readout_that_is_offered_can_be_drawn(open_page: OpenPage, trained: dict[str, Run], model: str) -> None:
    app = open_page("interactions", trained[model])
    (readouts,) = [control for control in app.get("segmented_control") if "interactions-readout" in control.key]
    assert len(readouts.options) == (2 if model == "DIN" else 3)
    for name in ("behaviour", "counts", "weights"):
        if model != "DIN" or name != "weights":
            readouts.set_value(name)
            app.run()
            assert is_well(app), name
            assert charts(app) >= 3


def test_the_planted_pairs_are_revealed_on_request_only(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["FM"])
    assert "planted pairs are among" not in words(app)
    app.toggle(key="interactions-reveal").set_value(True).run()
    assert "of 5** planted pairs are among the 5 strongest" in words(app)


def test_the_maps_of_a_run_stand_side_by_side_in_one_order_with_a_verdict(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    app = open_page("interactions", trained["FM"])
    assert "Spearman" in words(app)
    assert "agreement with the counts proves less" in words(app)
    assert charts(app) == 3
    app.toggle(key="interactions-side-by-side").set_value(True)
    app.toggle(key="interactions-by-blocks").set_value(True).run()
    assert is_well(app)
    assert charts(app) == 4
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")[:3]]
    assert [spec["title"]["text"] for spec in specs] == ["By weights", "By behaviour", "By counts"]
    cells = [spec["layer"][0] if "layer" in spec else spec for spec in specs]
    assert len({str(cell["encoding"]["color"]["scale"]) for cell in cells}) == 1
    assert len({str(cell["encoding"]["x"]["sort"]) for cell in cells}) == 1
    assert sum("It cannot tell" in caption.value for caption in app.caption) == 3


def test_raw_weights_and_swaps_with_support_are_other_maps(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["FM"])
    app.toggle(key="interactions-raw").set_value(True).run()
    assert is_well(app)
    assert "as most tools draw it" in words(app)
    app.get_by_key("interactions-readout-fm").set_value("behaviour").run()
    assert not [toggle for toggle in app.toggle if toggle.key == "interactions-raw"]
    app.number_input(key="interactions-support").set_value(20).run()
    assert is_well(app)


def test_a_layer_that_decayed_to_nothing_is_said_to_be_nothing(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained["DCN-V2"]
    dead = [replace(layer, matrix=1e-20 * layer.matrix) for layer in readouts.layers(run.id)]
    monkeypatch.setattr(readouts, "layers", lambda _run_id: dead)
    app = open_page("interactions", run)
    app.get_by_key("interactions-section-dcn-v2").set_value("layers").run()
    assert is_well(app)
    assert "This layer multiplies nothing" in words(app)
    assert charts(app) == 2


def test_layers_are_shown_one_at_a_time_as_weights_blocks_logits_or_singular_values(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    app = open_page("interactions", trained["DCN-V2"])
    app.get_by_key("interactions-section-dcn-v2").set_value("layers").run()
    assert "press a block to see its values" in app.get("vega_lite_chart")[2].proto.spec
    app.get_by_key(f"interactions-layer-{trained['DCN-V2'].id}").set_value(1)
    told = {
        "norms": "Frobenius norm",
        "flows": "moves the logit (RMS), layer 2",
        "spectrum": "keeps 90 % of this matrix",
    }
    for kind, title in told.items():
        app.get_by_key("interactions-layer-kind").set_value(kind).run()
        assert is_well(app)
        assert charts(app) == 3
        assert title in app.get("vega_lite_chart")[2].proto.spec


def test_a_block_of_w_is_opened_to_its_values(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["DCN-V2"])
    app.get_by_key("interactions-section-dcn-v2").set_value("layers").run()
    (row,) = [box for box in app.selectbox if box.label == "Multiplies"]
    row.set_value("site").run()
    (column,) = [box for box in app.selectbox if box.label == "Reads"]
    column.set_value("device").run()
    assert is_well(app)
    protos = [chart.proto for chart in app.get("vega_lite_chart")]
    block = next(proto for proto in protos if "site × device: weights" in json.loads(proto.spec)["title"]["text"])
    frame = pa.ipc.open_stream(block.datasets[0].data.data).read_pandas()
    matrix = trained["DCN-V2"].load_model()[0]
    weights = matrix.cross.weights[0][matrix.inputs.slices["site"], matrix.inputs.slices["device"]]
    np.testing.assert_allclose(frame["weight"], weights.detach().numpy().ravel(), atol=1e-6)


def test_experts_of_a_mix_are_shown_with_their_gates(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["DCN-Mix"])
    app.get_by_key("interactions-section-dcn-mix").set_value("layers").run()
    (choice,) = [box for box in app.selectbox if box.label == "Expert"]
    assert len(choice.options) == 5
    assert "of rows" in choice.options[1]
    before = app.get("vega_lite_chart")[2].proto.datasets[0].data.data
    choice.set_value(choice.options[1]).run()
    assert is_well(app)
    assert app.get("vega_lite_chart")[2].proto.datasets[0].data.data != before


def test_a_map_of_many_fields_shows_those_of_the_strongest_pairs(open_page: OpenPage) -> None:
    names = [f"f{number}" for number in range(60)]
    cells = np.random.default_rng(0).integers(0, 4, (400, len(names)))
    frame = pl.DataFrame({"click": cells[:, 7] % 2, **dict(zip(names, cells.T, strict=True))})
    content = io.BytesIO()
    frame.write_parquet(content)
    table = read_table(content.getvalue(), "wide.parquet")
    schema = infer(table.frame).schema
    assert schema is not None
    dataset = DatasetStore().add_table({"train": table}, Preparation(schema))
    run = trained_run(RunStore(), DatasetStore(), dataset, "dcn-v2", embedding_dim=2)
    app = open_page("interactions", run)
    assert is_well(app)
    assert "DCN-V2, the 40 of 60 fields with the strongest pairs" in app.get("vega_lite_chart")[0].proto.spec
    app.get_by_key("interactions-section-dcn-v2").set_value("layers").run()
    app.get_by_key("interactions-layer-kind").set_value("norms")
    app.run()
    assert is_well(app)
    assert "layer 1, the 40 of 60 fields with the strongest pairs" in app.get("vega_lite_chart")[2].proto.spec


def test_another_row_and_another_candidate_are_another_prediction(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("attention", trained["DIN"])
    before = app.metric[0].value
    candidates = next(box for box in app.selectbox if box.key.startswith("attention-candidate"))
    candidates.set_value(candidates.options[-1] if candidates.value is None else candidates.proto.options[-1])
    app.button(key="attention-random").click().run()
    assert is_well(app)
    assert before.endswith("%")
    assert app.metric[0].value.endswith("%")


def test_one_run_after_another_can_be_chosen(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions")
    for model in ("FM", "DCN-V2", "DIN", "FM"):
        app.selectbox(key="interactions-run").set_value(trained[model].id).run()
        assert is_well(app)
        assert app.selectbox(key="interactions-run").value == trained[model].id
        assert app.query_params["run"] == trained[model].id
        sections = app.get_by_key(f"interactions-section-{model.lower()}").proto.options
        assert ("Cross layers" in str(sections)) == model.startswith("DCN")


@pytest.mark.parametrize("page", ["train", "interactions", "attention"])
def test_an_address_with_an_unknown_run_is_answered_with_a_sentence(
    open_page: OpenPage, trained: dict[str, Run], page: str
) -> None:
    app = open_page(page, "no-such-run")
    assert not app.exception
    assert [warning.value for warning in app.warning if "no\\-such\\-run" in warning.value]
    assert trained


def test_an_address_that_is_a_path_opens_no_folder_outside_the_runs(
    open_page: OpenPage, trained: dict[str, Run], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(trained["FM"].folder, elsewhere)
    app = open_page("train", str(elsewhere))
    assert "FM on" not in words(app)
    assert "There is no run" in words(app)


def test_attention_to_a_run_that_has_none_is_answered_with_a_sentence(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    app = open_page("attention", trained["FM"])
    assert not app.exception
    assert len(app.warning) == 1


def test_a_run_that_waits_can_be_stopped_before_it_begins(open_page: OpenPage, trained: dict[str, Run]) -> None:
    dataset = DatasetStore().get(trained["FM"].spec().dataset_id)
    run = queued_run(RunStore(), dataset)
    app = open_page("train", run)
    assert is_well(app)
    assert "Waiting to begin" in app.progress[0].text
    app.button(key="train-stop").click().run()
    assert run.status().state == "stopped"
    app.run()
    assert "Stopped by hand." in words(app)
    assert is_well(app)


@pytest.mark.parametrize(("page", "model"), [("train", "FM"), ("interactions", "FM"), ("attention", "DIN")])
def test_a_run_whose_data_set_is_gone_says_so_and_keeps_its_curves(
    open_page: OpenPage, trained: dict[str, Run], page: str, model: str
) -> None:
    shutil.rmtree(DatasetStore().get(trained[model].spec().dataset_id).folder)
    app = open_page(page, trained[model])
    assert not app.exception
    if page == "train":
        assert charts(app) == 2
    else:
        assert len(app.error) == 1
        assert "is not here any more" in app.error[0].value


def test_a_run_whose_model_is_damaged_says_so(open_page: OpenPage, trained: dict[str, Run]) -> None:
    (trained["FM"].folder / "best.safetensors").write_bytes(b"torn")
    app = open_page("interactions", trained["FM"])
    assert not app.exception
    assert len(app.error) == 1
    assert "cannot be read" in app.error[0].value


def test_a_run_that_failed_says_why(open_page: OpenPage, trained: dict[str, Run]) -> None:
    trained["FM"].set_status("failed", "There is not enough *memory*.")
    app = open_page("train", trained["FM"])
    assert not app.exception
    assert [error.value for error in app.error] == ["There is not enough \\*memory\\*."]
