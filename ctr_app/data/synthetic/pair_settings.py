"""The settings of planted pairs: fields, which of them interact, noise, and which field follows which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError, join_names
from ..settings import Config, setting
from .tables import LEAST_ROWS, MOST_ROWS

DISJOINT, HUB, CHOSEN = "disjoint", "hub", "chosen"
MOST_CELLS = 200_000_000
# Three fields are the most that one term may hold.
MOST_IN_TERM = 3


@dataclass(frozen=True)
class PairSettings(Config):
    """How a table with planted pairs is made. Categorical fields are called c1, c2, …, numeric ones n1, n2, …"""

    rows: int = setting(
        100_000,
        "Number of rows.",
        group="table",
        unit="rows",
        minimum=LEAST_ROWS,
        maximum=MOST_ROWS,
        step=50_000,
    )
    seed: int = setting(
        0, "Another seed draws other effects, other pairs and other rows.", group="table", minimum=0, maximum=2**31 - 1
    )
    num_categorical_fields: int = setting(
        9,
        "Number of categorical fields, called c1, c2 and so on.",
        group="fields",
        unit="fields",
        minimum=0,
        maximum=200,
    )
    num_numeric_fields: int = setting(
        3,
        "Number of numeric fields, called n1, n2 and so on. Each is even between 0 and 1, and acts in proportion to "
        "its value.",
        group="fields",
        unit="fields",
        minimum=0,
        maximum=200,
    )
    vocabulary_size: int = setting(
        50, "Number of values of each categorical field.", group="fields", unit="values", minimum=2, maximum=100_000
    )
    zipf_exponent: float = setting(
        0.6,
        "How fast values become rare: the share of a value is its rank to the power of minus this. 0 makes all alike.",
        group="fields",
        minimum=0.0,
        maximum=2.0,
        step=0.1,
    )
    layout: str = setting(
        DISJOINT,
        "Disjoint pairs share no field; a hub is one field that interacts with several; chosen pairs are named.",
        group="interactions",
        choices=(DISJOINT, HUB, CHOSEN),
    )
    num_pairs: int = setting(
        4,
        "Number of interacting pairs, unless they are chosen.",
        group="interactions",
        unit="pairs",
        minimum=0,
        maximum=100,
    )
    num_triples: int = setting(
        0,
        "Number of terms of three fields at once, unless they are chosen.",
        group="interactions",
        unit="triples",
        minimum=0,
        maximum=20,
    )
    terms: str = setting(
        "",
        "The chosen pairs, and triples if there are any: c1*c2, c3*n1, c4*c5*c6.",
        group="interactions",
    )
    pair_strength: float = setting(
        0.75,
        "Root mean square of the effect of each pair, with what either field does alone taken out.",
        group="interactions",
        unit="logits",
        minimum=0.05,
        maximum=5.0,
        step=0.05,
    )
    triple_strength: float = setting(
        0.75,
        "Root mean square of the effect of each triple, as if its fields were independent.",
        group="interactions",
        unit="logits",
        minimum=0.05,
        maximum=5.0,
        step=0.05,
    )
    main_strength: float = setting(
        0.35,
        "Root mean square of the main effect of each field.",
        group="interactions",
        unit="logits",
        minimum=0.0,
        maximum=5.0,
        step=0.05,
    )
    click_rate: float = setting(
        0.25, "Share of clicks, before labels are flipped.", group="noise", minimum=0.01, maximum=0.99, step=0.01
    )
    noise: float = setting(
        0.0,
        "Share of the labels that are flipped, whatever they were. The best reachable AUC counts it in.",
        group="noise",
        minimum=0.0,
        maximum=0.4,
        step=0.01,
    )
    correlation: float = setting(
        0.0,
        "In which share of the rows a field takes its rank among the values from the field that it follows.",
        group="noise",
        minimum=0.0,
        maximum=0.9,
        step=0.05,
    )
    follows: str = setting(
        "",
        "Which field follows which: c2<c1, n1<c3. Left empty, each field follows the one before it.",
        group="noise",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_sizes()
        self._check_layout()
        self.following()

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields, categorical ones first."""
        return field_names(self.num_categorical_fields, self.num_numeric_fields)

    @property
    def chosen_terms(self) -> tuple[tuple[str, ...], ...]:
        """The pairs and triples that ``terms`` names."""
        terms = tuple(tuple(name.strip() for name in part.split("*")) for part in self.terms.split(",") if part.strip())
        for term in terms:
            self._check_names(term)
            if not 2 <= len(set(term)) == len(term) <= MOST_IN_TERM:
                raise InputError("A term has two or three different fields, as c1*c2; not {term}.", term="*".join(term))
        if len({frozenset(term) for term in terms}) < len(terms):
            raise InputError("Each pair is named once: {terms} has one of them twice.", terms=self.terms)
        return terms

    def following(self) -> dict[str, str]:
        """Each field that follows another one, and which; empty where nothing is correlated."""
        if self.correlation == 0:
            return {}
        if not self.follows:
            return dict(zip(self.fields[1:], self.fields, strict=False))
        links = [tuple(name.strip() for name in part.split("<")) for part in self.follows.split(",") if part.strip()]
        for link in links:
            if len(link) != 2:
                raise InputError("What follows what is written as c2<c1, not {link}.", link="<".join(link))
            self._check_names(link)
        return _without_circles([(follower, followed) for follower, followed in links])

    def _check_names(self, names: Sequence[str]) -> None:
        if unknown := [name for name in names if name not in self.fields]:
            raise InputError(
                "There is no field {name}; there are {known}.",
                name=unknown[0] or "without a name",
                known=join_names(self.fields),
            )

    def _check_sizes(self) -> None:
        count = len(self.fields)
        if count < 2:
            raise InputError("At least two fields are needed, not {count}.", count=count)
        if self.rows * count > MOST_CELLS:
            raise InputError(
                "{rows} rows of {count} fields are too many; {most} rows are possible.",
                rows=self.rows,
                count=count,
                most=MOST_CELLS // count,
            )

    def _check_layout(self) -> None:
        if self.layout == CHOSEN:
            if not self.chosen_terms:
                raise InputError(
                    "Of the layout chosen nothing is planted but what is named: name at least one pair, as c1*c2."
                )
            return
        if self.terms:
            raise InputError("Terms are named only with layout=chosen, not {layout}.", layout=self.layout)
        needed = 2 * self.num_pairs if self.layout == DISJOINT else (self.num_pairs + 1) * bool(self.num_pairs)
        self._check_enough(needed, self.num_pairs, "pairs")
        self._check_enough(3 * self.num_triples, self.num_triples, "triples")
        if not (self.num_pairs or self.num_triples or self.main_strength):
            raise InputError("Nothing would be planted: ask for a pair, or give main effects a strength.")

    def _check_enough(self, needed: int, count: int, what: str) -> None:
        if needed > len(self.fields):
            raise InputError(
                "{count} {what} in the layout {layout} need {needed} fields; there are {fields}.",
                count=count,
                what=what,
                layout=self.layout,
                needed=needed,
                fields=len(self.fields),
            )


def field_names(num_categorical: int, num_numeric: int) -> tuple[str, ...]:
    """``c1, c2, …, n1, n2, …``: categorical fields, then numeric ones."""
    categorical = (f"c{i}" for i in range(1, num_categorical + 1))
    return (*categorical, *(f"n{i}" for i in range(1, num_numeric + 1)))


def _without_circles(links: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The links as a dictionary; raises InputError where a field follows two, or itself by some way."""
    follows = dict(links)
    if len(follows) < len(links):
        raise InputError("A field follows one other field at most.")
    for name in follows:
        seen = {name}
        while (name := follows.get(name, "")) and name not in seen:
            seen.add(name)
        if name:
            raise InputError("Field {name} would follow itself.", name=name)
    return follows
