"""What a user wants made of a log of events."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import InputError
from .event_log import ClickRule, EventColumns
from .negatives import NEGATIVES_BY

SPLIT_METHODS = ("time", "last", "random", "group")
HISTORIES_OF = ("clicks", "all")


@dataclass(frozen=True)
class EventPlan:
    """What rows are made of a log.

    Without ``negatives`` each event is a row, and ``click`` says which are clicks. With them each click is one, and
    beside it stand so many rows of items that its user never touched, drawn ``negatives_by`` "uniform" or
    "popularity". Histories hold the latest ``max_length`` of the user's earlier "clicks" or "all" events.
    Each of ``histories_of_fields``, categorical fields of the item, has a history beside that of the items.
    ``split`` is "time", "random", "group" (each user's rows on one side), or "last": the last event of each user
    tests, the one before it validates.
    """

    columns: EventColumns
    click: ClickRule | None = None
    negatives: int = 0
    negatives_by: str = "uniform"
    history_of: str = "clicks"
    max_length: int = 50
    histories_of_fields: tuple[str, ...] = ()
    split: str = "time"
    seed: int = 0

    def check(self) -> EventPlan:
        """Return self, or raise InputError with the first thing that does not hold together."""
        for what, value, known in (
            ("Negatives are drawn by", self.negatives_by, NEGATIVES_BY),
            ("Histories hold", self.history_of, HISTORIES_OF),
            ("Rows of events are split by", self.split, SPLIT_METHODS),
        ):
            if value not in known:
                raise InputError("{what} {known}, not {value}.", what=what, known=" or ".join(known), value=value)
        if not 0 <= self.negatives <= 1000:
            raise InputError("Negatives per click must be between 0 and 1000, not {count}.", count=self.negatives)
        if not 1 <= self.max_length <= 1000:
            raise InputError("Histories must be between 1 and 1000 events long, not {count}.", count=self.max_length)
        if self.click is None and not self.negatives:
            raise InputError("Each event would be a click; say which are, or how many negatives stand beside each.")
        return self
