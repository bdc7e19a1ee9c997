"""From names and texts to checked settings, and to a device."""

from __future__ import annotations

import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.models.registry import FAMILIES
from ctr_app.training.device import available_devices, choose_device, num_cores, out_of_memory, use_threads_sparingly
from ctr_app.training.launch import configs_for


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_familys_own_training_settings_stand_over_the_general_ones(family: str) -> None:
    _, training = configs_for(family, {})
    for name, value in FAMILIES[family].training.items():
        assert getattr(training, name) == value
    _, changed = configs_for(family, {"learning_rate": "0.5"})
    assert changed.learning_rate == 0.5


def test_text_and_typed_settings_mean_the_same() -> None:
    as_text = configs_for("dcn", {"mlp_sizes": "32,16", "epochs": "3", "cross": "mix", "dropout": "0"})
    assert as_text == configs_for("dcn", {"mlp_sizes": (32, 16), "epochs": 3, "cross": "mix", "dropout": 0.0})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layers": 3}, "DCN has no setting layers; it has averaging, batch_size, cross,"),
        ({"epochs": 0}, "Setting epochs must be at least 1, not 0"),
        ({"learning_rate": "nan"}, "Setting learning_rate needs a number, not 'nan'"),
        ({"epochs": "many"}, "Setting epochs needs a whole number, not 'many'"),
        ({"monitor": "gauc"}, "Setting monitor is one of auc, logloss, not gauc"),
        ({"seed": -1}, "Setting seed must be at least 0"),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        configs_for("dcn", settings)


def test_the_best_device_is_taken_unless_one_is_asked_for() -> None:
    assert choose_device().type == available_devices()[0]
    assert choose_device("cpu") == torch.device("cpu")
    assert available_devices()[-1] == "cpu"


@pytest.mark.parametrize("wanted", ["", "gpu", "cuda:77", "cpu:x", "cpu:5", "xpu", "CPU "])
def test_a_device_that_is_not_there_is_a_sentence(wanted: str) -> None:
    with pytest.raises(InputError):
        choose_device(wanted)


def test_one_core_is_left_to_whoever_is_looking() -> None:
    before = torch.get_num_threads()
    try:
        use_threads_sparingly()
        assert torch.get_num_threads() == max(1, num_cores() - 1)
    finally:
        torch.set_num_threads(before)


def test_memory_that_ran_out_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**50)
    assert out_of_memory(refused.value)
    assert out_of_memory(MemoryError())
    assert not out_of_memory(RuntimeError("shapes do not match"))
