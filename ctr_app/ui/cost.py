"""What a training will cost, before it begins: parameters and memory at once, seconds once they are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ..data.store import DataSet
from ..models.registry import title_of
from ..training.device import choose_device
from ..training.forecast import Forecast, request_for
from ..training.launch import configs_for
from ..training.memory import Memory, readable
from ..training.probe import EpochCost, Request
from . import parts, services
from .words import _

REFRESH_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """A training that could begin: what it is called, its steps in an epoch and most epochs, and what it needs."""

    title: str
    steps: int
    epochs: int
    memory: Memory
    request: Request


def plan_for(dataset: DataSet, family: str, values: Mapping[str, Any]) -> Plan:
    """The training of these settings, the device among them, on a data set.

    Raises:
        InputError: if the settings or the data cannot be used, or if there is not enough memory.
    """
    model, training = configs_for(family, {name: value for name, value in values.items() if name != "device"})
    device = choose_device(values["device"])
    folder, shape = services.encoded_shape(dataset)
    is_busy = services.jobs().is_busy
    request = request_for(folder, family, model, training, device, services.runs().root, is_busy)
    memory = services.memory_for(dataset, family, model, training, str(device))
    memory.check(device)
    steps = -(-shape.rows["train"] // training.batch_size)
    return Plan(title_of(family, model.to_json()), steps, training.epochs, memory, request)


def draw(plan: Plan) -> None:
    """One line beside the button; while the seconds are being measured it looks again by itself."""
    is_over = services.forecaster().ask(plan.request).is_over
    st.fragment(_line, run_every=None if is_over else REFRESH_SECONDS)(plan, is_over)


def _line(plan: Plan, was_over: bool) -> None:
    forecast = services.forecaster().ask(plan.request)
    if forecast.is_over and not was_over:
        st.rerun()
    size = _(
        "{title}: {parameters} parameters, about {memory} of memory.",
        title=plan.title,
        parameters=parts.count(plan.memory.parameters),
        memory=readable((forecast.epoch and forecast.epoch.memory) or plan.memory.total),
    )
    sentences = [size, _time(plan, forecast)]
    if plan.request.is_busy:
        sentences.append(_("Another run is training now."))
    st.caption(" ".join(sentences), help=_details(plan, forecast.epoch), width="content")


def _time(plan: Plan, forecast: Forecast) -> str:
    if forecast.epoch is not None:
        return _(
            "About {seconds} per epoch, at most {epochs} epochs (about {whole}).",
            seconds=parts.short_time(forecast.epoch.seconds),
            epochs=plan.epochs,
            whole=parts.short_time(plan.epochs * forecast.epoch.seconds),
        )
    if forecast.is_over:
        return _("How long an epoch takes could not be measured; at most {epochs} epochs.", epochs=plan.epochs)
    return _("Measuring how long an epoch takes; at most {epochs} epochs.", epochs=plan.epochs)


def _details(plan: Plan, epoch: EpochCost | None) -> str:
    """What memory and time are made of."""
    sizes = plan.memory.machine + plan.memory.accelerator
    memory = _(
        "Memory as counted: vectors of values {tables}, layers {layers}, one step {step}, one evaluation {evaluation}, "
        "rows {rows}, the rest {rest}.",
        tables=readable(sizes["tables"]),
        layers=readable(sizes["layers"]),
        step=readable(sizes["step"]),
        evaluation=readable(sizes["evaluation"]),
        rows=readable(sizes["rows"] + plan.memory.mapped),
        rest=readable(sizes["rest"]),
    )
    if epoch is None:
        return memory
    time = _(
        "An epoch: {steps} steps {training}, evaluation {evaluation}, writing the weights {writing}.",
        steps=parts.count(plan.steps),
        training=parts.short_time(epoch.steps),
        evaluation=parts.short_time(epoch.evaluation),
        writing=parts.short_time(epoch.writing),
    )
    return f"{memory} {time}"
