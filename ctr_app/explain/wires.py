"""FM and DCN with some of their pair terms or fields switched off.

The models themselves are never changed: their parts are put together anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..data.batch import Batch
from ..models.dcn import DCN, CrossMix, CrossNetwork
from ..models.fm import FM, linear_and_pairwise

Forward = Callable[[Batch], Tensor]
Pair = tuple[str, str]


def without(
    model: nn.Module, background: Batch, pairs: Sequence[Pair], fields: Sequence[str], is_raw: bool = False
) -> Forward:
    """The model's forward, batch -> logits (B,), without some pairs and fields; for FM and DCN only.

    A pair's term is taken out purified, so that what each of the two fields does alone stays: FM's is
    <x_i v_i - mean, x_j v_j - mean>, and in a cross layer the input of field i less its mean, times what W_ij reads of
    field j less its mean, and the same with i and j exchanged. With ``is_raw`` nothing is taken off: FM loses
    <x_i v_i, x_j v_j>, and W its blocks (i, j) and (j, i), which takes a part of the main effects along. A field is
    switched off by giving it the mean of its inputs. Means are those over the rows of ``background``.

    Raises:
        TypeError: for another model.
    """
    with torch.no_grad():
        if isinstance(model, FM):
            return _fm_without(model, background, pairs, fields, is_raw)
        if isinstance(model, DCN):
            return _dcn_without(model, background, pairs, fields, is_raw)
    raise TypeError(f"{type(model).__name__} has no pair terms to switch off")


def _fm_without(model: FM, background: Batch, pairs: Sequence[Pair], fields: Sequence[str], is_raw: bool) -> Forward:
    names = model.layout.field_names
    off = torch.tensor([name in fields for name in names], device=model.bias.device)
    both = [(names.index(a), names.index(b)) for a, b in pairs]
    means = model.terms(background).mean(dim=0)  # (F, 1 + D)
    taken_off = torch.zeros_like(means) if is_raw else means

    def forward(batch: Batch) -> Tensor:
        terms = torch.where(off[:, None], means, model.terms(batch))  # (B, F, 1 + D)
        logits = model.bias + linear_and_pairwise(terms)
        vectors = (terms - taken_off)[:, :, 1:]
        for i, j in both:
            logits = logits - (vectors[:, i] * vectors[:, j]).sum(dim=1)
        return logits

    return forward


@dataclass(frozen=True)
class _Wire:
    """In every cross layer, the columns ``into`` are multiplied with what is read of the columns ``of``, (width,)."""

    into: slice
    of: Tensor


@dataclass(frozen=True)
class _DCNWithout:
    """A DCN whose cross layers lack some wires, and some columns of whose inputs, ``off``, stand at ``neutral``.

    ``means`` are those of x_0, ..., x_{L-1} as they are without the wires, (width,) each; zero for the raw blocks.
    """

    model: DCN
    wires: Sequence[_Wire]
    off: Tensor
    neutral: Tensor
    means: Sequence[Tensor] = ()

    def __call__(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        x = x0 = self.inputs(batch)
        for index, mean in enumerate(self.means):
            x = self.layer(index, x0, x, self.means[0], mean)
        return self.model.head(x0, x)

    def inputs(self, batch: Batch) -> Tensor:
        """x_0, (B, width)."""
        return torch.where(self.off, self.neutral, self.model.inputs(batch))

    def layer(self, index: int, x0: Tensor, x: Tensor, mean0: Tensor, mean: Tensor) -> Tensor:
        """One cross layer: x_0 and x_l (B, width) -> x_{l+1} (B, width)."""
        crossed = self.model.cross.layer(index, x0, x)
        for wire in self.wires:
            read = _read(self.model.cross, index, x, mean, wire)
            crossed[:, wire.into] -= (x0[:, wire.into] - mean0[wire.into]) * read
        return crossed


def _dcn_without(
    model: DCN, background: Batch, pairs: Sequence[Pair], fields: Sequence[str], is_raw: bool
) -> _DCNWithout:
    slices, inputs = model.inputs.slices, model.inputs(background)
    found = _DCNWithout(model, _wires(slices, pairs, inputs), _columns(slices, fields, inputs), inputs.mean(dim=0))
    x = x0 = found.inputs(background)
    means: list[Tensor] = []
    for index in range(model.cross.num_layers):
        means.append(torch.zeros_like(found.neutral) if is_raw else x.mean(dim=0))
        x = found.layer(index, x0, x, means[0], means[index])
    return replace(found, means=means)


def _wires(slices: Mapping[str, slice], pairs: Sequence[Pair], like: Tensor) -> list[_Wire]:
    """One wire for each field of a pair: what it reads of all the fields that it is cut from."""
    partners: dict[str, list[str]] = {}
    for a, b in pairs:
        partners.setdefault(a, []).append(b)
        partners.setdefault(b, []).append(a)
    return [_Wire(slices[name], _columns(slices, others, like)) for name, others in partners.items()]


def _columns(slices: Mapping[str, slice], names: Sequence[str], like: Tensor) -> Tensor:
    """Which columns of ``like`` (B, width) belong to the fields of these names, bool (width,)."""
    found = torch.zeros(like.shape[1], dtype=torch.bool, device=like.device)
    for name in names:
        found[slices[name]] = True
    return found


def _read(cross: CrossNetwork, index: int, x: Tensor, mean: Tensor, wire: _Wire) -> Tensor:
    """What a layer's wire carries beyond what it would carry at the mean, (B, columns)."""
    if isinstance(cross, CrossMix):  # no matrix: what it reads, less what it reads with these columns at their mean
        ones = torch.ones_like(x)
        still = torch.where(wire.of, mean, x)
        read = (cross.layer(index, ones, x) - x) - (cross.layer(index, ones, still) - still)
        return read[:, wire.into]
    block = cross.implied_matrix(index, x)[wire.into][:, wire.of]
    return (x - mean)[:, wire.of] @ block.T
