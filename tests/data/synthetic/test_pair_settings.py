"""The settings of planted pairs: what they mean, and what is refused in which words."""

from __future__ import annotations

import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.synthetic.pair_settings import PairSettings


def test_fields_are_named_by_kind_and_number():
    assert PairSettings(num_categorical_fields=2, num_numeric_fields=1, num_pairs=1).fields == ("c1", "c2", "n1")


def test_terms_are_read_with_or_without_spaces():
    chosen = PairSettings(layout="chosen", terms=" c1 * c2,c3*n1*c4 ,")
    assert chosen.chosen_terms == (("c1", "c2"), ("c3", "n1", "c4"))


def test_without_names_each_field_follows_the_one_before_it():
    shape = {"num_categorical_fields": 2, "num_numeric_fields": 1, "num_pairs": 1}
    assert PairSettings(**shape, correlation=0.5).following() == {"c2": "c1", "n1": "c2"}
    assert PairSettings(**shape, correlation=0.5, follows="n1 < c1").following() == {"n1": "c1"}
    assert PairSettings(**shape, follows="n1<c1").following() == {}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"num_categorical_fields": 1, "num_numeric_fields": 0}, "At least two fields are needed, not 1."),
        ({"num_pairs": 7}, "7 pairs in the layout disjoint need 14 fields; there are 12."),
        ({"num_pairs": 12, "layout": "hub"}, "12 pairs in the layout hub need 13 fields; there are 12."),
        ({"num_triples": 5}, "5 triples in the layout disjoint need 15 fields; there are 12."),
        (
            {"layout": "chosen"},
            "Of the layout chosen nothing is planted but what is named: name at least one pair, as c1*c2.",
        ),
        ({"terms": "c1*c2"}, "Terms are named only with layout=chosen, not disjoint."),
        ({"layout": "chosen", "terms": "c1"}, "A term has two or three different fields, as c1*c2; not c1."),
        ({"layout": "chosen", "terms": "c1*c1"}, "A term has two or three different fields, as c1*c2; not c1*c1."),
        (
            {"layout": "chosen", "terms": "c1*c2*c3*c4"},
            "A term has two or three different fields, as c1*c2; not c1*c2*c3*c4.",
        ),
        ({"layout": "chosen", "terms": "c1*c2, c2*c1"}, "Each pair is named once: c1*c2, c2*c1 has one of them twice."),
        (
            {"layout": "chosen", "terms": "c1*x9"},
            "There is no field x9; there are c1, c2, c3, c4, c5, c6, c7, c8 and 4 more.",
        ),
        (
            {"layout": "chosen", "terms": "c1*"},
            "There is no field without a name; there are c1, c2, c3, c4, c5, c6, c7, c8 and 4 more.",
        ),
        ({"num_pairs": 0, "main_strength": 0}, "Nothing would be planted: ask for a pair, or give main effects a "),
        ({"correlation": 0.5, "follows": "c1"}, "What follows what is written as c2<c1, not c1."),
        ({"correlation": 0.5, "follows": "c2<c1, c2<c3"}, "A field follows one other field at most."),
        ({"correlation": 0.5, "follows": "c2<c2"}, "Field c2 would follow itself."),
        ({"correlation": 0.5, "follows": "c2<c1, c3<c2, c1<c3"}, "Field c2 would follow itself."),
        (
            {"rows": 10_000_000, "num_numeric_fields": 50},
            "10000000 rows of 59 fields are too many; 3389830 rows are possible.",
        ),
        ({"correlation": 0.95}, "Setting correlation must be at most 0.9, not 0.95."),
    ],
)
def test_what_cannot_be_planted_is_one_sentence(values, sentence):
    with pytest.raises(InputError) as caught:
        PairSettings(**values)
    assert str(caught.value).startswith(sentence)
