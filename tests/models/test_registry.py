"""Names of models: families, aliases and titles."""

from __future__ import annotations

import pytest
from torch import nn

from ctr_app.data.errors import InputError
from ctr_app.models.registry import FAMILIES, resolve, title_of
from ctr_app.training.launch import configs_for

from .examples import MIXED


@pytest.mark.parametrize(
    ("name", "family", "implied"),
    [
        ("fm", "fm", {}),
        ("FM", "fm", {}),
        (" DIN ", "din", {}),
        ("dcn", "dcn", {}),
        ("dcn-v1", "dcn", {"cross": "vector"}),
        ("DCNv1", "dcn", {"cross": "vector"}),
        ("dcn_v2", "dcn", {"cross": "matrix"}),
        ("DCN V2", "dcn", {"cross": "matrix"}),
        ("DCNv2", "dcn", {"cross": "matrix"}),
        ("DCN-Mix", "dcn", {"cross": "mix"}),
        ("dcnmix", "dcn", {"cross": "mix"}),
    ],
)
def test_a_model_goes_by_all_its_names(name, family, implied):
    found, settings = resolve(name)
    assert (found.name, settings) == (family, implied)


def test_what_a_name_implies_is_the_callers_own_copy():
    resolve("dcn-v1")[1]["cross"] = "mix"
    assert resolve("dcn-v1")[1] == {"cross": "vector"}


def test_an_unknown_model_is_one_sentence_that_lists_the_models():
    with pytest.raises(InputError) as caught:
        resolve("deepfm")
    assert str(caught.value) == "There is no model deepfm; there are fm, dcn, din, dcn-v1, dcn-v2, dcn-mix."


@pytest.mark.parametrize(
    ("family", "settings", "title"),
    [
        ("fm", {"embedding_dim": 8}, "FM"),
        ("din", {}, "DIN"),
        ("dcn", {"cross": "vector"}, "DCN-V1"),
        ("dcn", {"cross": "matrix"}, "DCN-V2"),
        ("dcn", {"cross": "mix"}, "DCN-Mix"),
    ],
)
def test_title_is_the_name_that_the_field_uses(family, settings, title):
    assert title_of(family, settings) == title


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_builds_from_its_defaults_and_its_training_suits_it(name):
    model, training = configs_for(name, {})
    assert isinstance(FAMILIES[name].build(MIXED, model), nn.Module)
    assert {key: getattr(training, key) for key in FAMILIES[name].training} == FAMILIES[name].training
    assert FAMILIES[name].question.endswith("?")
