"""Fields in an order in which those that interact stand together, so that a map shows blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .pairs import pair_matrix


def by_blocks(names: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """``names`` by hierarchical clustering of a map of them (field_a, field_b, strength), with average linkage.

    Two fields are the closer the more they interact. Of all orders that the tree allows, the one with the shortest way
    from field to field is taken (Bar-Joseph et al. 2001).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    strengths = pair_matrix(names, frame)
    if len(names) < 3 or not strengths.any():
        return list(names)
    distances = 1 - strengths / strengths.max()
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances), "average", optimal_ordering=True)
    return [names[place] for place in leaves_list(tree)]
