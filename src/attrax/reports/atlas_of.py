"""The page of an atlas for a network of a study, or for one of somebody's own."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from attrax.analyses import stage_atlas
from attrax.analyses.stage_basins import readout_axes
from attrax.dynamics import Effort, atlas
from attrax.networks import OwnNetwork
from attrax.progress import OnProgress
from attrax.reports.pages.atlas_page import write_atlas_page
from attrax.reports.pages.study_page import make_writable
from attrax.settings import SettingsError, require, to_mapping
from attrax.source_version import source_version
from attrax.studies import Condition, Store
from attrax.unfinished import Unfinished

_READOUT = ("logit “+” − logit “−”", "mean answer logit − fixation logit")


def write_study_atlas(
    store: Store,
    name: str | None,
    context: int,
    checkpoint: str,
    out: Path | None,
    effort: Effort | None = None,
    say: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Map the stimulus stage of one network of a study, and write its page into the report's folder.

    Parameters
    ----------
    store
        The study.
    name
        The network's name, or enough of its beginning; None: the first.
    context
        From 1.
    checkpoint
        "final", "initial", "accuracy 0.8" and so on.
    out
        Of the page; by default in the report's folder.
    effort
        How long sampled orbits are followed; None: as the study says.
    say
        Told in a line which network it is.
    on_progress
        Told how far the atlas is. What is done of one that is interrupted is kept beside the page, and the next call
        goes on from there.

    Raises
    ------
    SettingsError
        If there is no such network, context or checkpoint, or the page cannot be written.
    """
    condition = _find(store, name)
    contexts = condition.task.n_contexts
    require(1 <= context <= contexts, f"--context is {context}; this task has {contexts}, counted from 1")
    networks = store.networks(condition.identity)
    if checkpoint not in networks:
        raise SettingsError(f"{condition.title} has no checkpoint {checkpoint!r}; it has {', '.join(sorted(networks))}")
    network = networks[checkpoint]
    planes = condition.planes
    how_long = effort or planes.effort
    page = (
        out or store.directory / "report" / f"atlas-{condition.identity}-{context}-{checkpoint.replace(' ', '-')}.html"
    )
    check_page(page)
    title = f"{condition.title}, {checkpoint}: stimulus stage, context {context}"
    if say is not None:
        say(what_it_takes(network.n_hidden))
        of_several = f", the first of {len(store.conditions)}: --network chooses another"
        several = of_several if name is None and len(store.conditions) > 1 else ""
        say(f"network {condition.identity} ({title}){several}")
    asked = [condition.identity, context, checkpoint, to_mapping(how_long), planes.atlas_samples]
    unfinished = _unfinished(page, asked)
    found = stage_atlas(
        condition.task, network, context - 1, how_long,
        samples=planes.atlas_samples, on_progress=on_progress, keep=unfinished.dataset,
    )  # fmt: skip
    labels = ("coherence 1", "coherence 2") if condition.task.n_modalities > 1 else ("coherence", "(nothing changes)")
    write_atlas_page(found, page, readout_axes(network), _READOUT, labels, title)
    unfinished.discard()
    return page


def _unfinished(page: Path, asked: object) -> Unfinished:
    """Return where the parts of an atlas are kept until its page is written, by all that they depend on."""
    text = json.dumps([asked, source_version("dynamics")])
    return Unfinished(page.parent, f"atlas-{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def what_it_takes(n_units: int) -> str:
    """Return in words what an atlas takes; how many polygons there are, nobody knows before they are found."""
    size = "seconds" if n_units < _SMALL else "from half a minute, where nothing oscillates, to half an hour"
    return (
        f"an atlas of {n_units} units takes {size}: first orbits at 64 to 128 inputs, then every polygon, then the "
        "page; an interrupted one keeps its orbits, and its polygons once all are found"
    )


_SMALL = 64


def check_page(page: Path) -> None:
    """Refuse a page that is a folder, or that cannot be written, before anything is computed; make its folder."""
    require(not page.is_dir(), f"--out {page} is a folder; name a page, such as atlas.html")
    make_writable(page.parent, "--out names another page")


def _find(store: Store, name: str | None) -> Condition:
    require(bool(store.conditions), f"no network in {store.directory} is finished; run the study first")
    if name is None:
        return store.conditions[0]
    found = [condition for condition in store.conditions if condition.identity.startswith(name)]
    if len(found) != 1:
        have = ", ".join(f"{condition.identity} ({condition.title})" for condition in store.conditions)
        what = "no network" if not found else f"{len(found)} networks"
        raise SettingsError(f"{what} in {store.directory} begin with {name!r}; it has {have}")
    return found[0]


def write_own_atlas(
    network: OwnNetwork,
    title: str,
    vary: tuple[int, int],
    values: Float[np.ndarray, " inputs"],
    span: tuple[float, float],
    page: Path,
    effort: Effort | None = None,
    say: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Path:
    """Map a network of one's own over two of its inputs, and write the page.

    Parameters
    ----------
    network, title
        The network, and what it is called.
    vary
        Which two inputs, from 1.
    values
        All inputs, shape (inputs,); x and y are added to the two.
    span
        From where to where x and y go.
    page
        Of the page.
    effort
        How long sampled orbits are followed.
    say, on_progress
        As in `write_study_atlas`.

    Raises
    ------
    SettingsError
        If the network is no ReLU network, or has no such inputs.
    """
    require(network.kind == "relu", f"an atlas needs a ReLU network: one of kind {network.kind} has no polygons")
    count, weights = network.n_inputs, network.input_weights
    require(
        weights is not None and all(1 <= number <= count for number in vary) and vary[0] != vary[1],
        f"--vary is {vary[0]} {vary[1]}; it must be two different inputs of the {count} that the input weights U have",
    )
    require(
        bool(np.isfinite(span).all()) and span[0] < span[1],
        f"--span is {span[0]:g} {span[1]:g}; it must go from a number to a larger one",
    )
    assert weights is not None
    directions = weights[:, [number - 1 for number in vary]].T
    check_page(page)
    if say is not None:
        say(what_it_takes(network.n_units))
    drive = network.drive(values)
    numbers = (network.recurrent_weights, drive, directions)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in numbers)).hexdigest()
    unfinished = _unfinished(page, [digest, network.leak, span, to_mapping(effort or Effort())])
    found = atlas(
        network.recurrent_weights, drive, directions, network.leak, (span, span),
        effort=effort, on_progress=on_progress, keep=unfinished.dataset,
    )  # fmt: skip
    labels = (f"input {vary[0]}", f"input {vary[1]}")
    write_atlas_page(found, page, labels=labels, title=title)
    unfinished.discard()
    return page
