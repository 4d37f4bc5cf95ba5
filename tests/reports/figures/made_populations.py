"""Made-up units, lesions and recordings, and what tests ask of the figures of them."""

from functools import cache
from itertools import pairwise

import numpy as np
import xarray as xr
from matplotlib.patches import Rectangle

from attrax.analyses.unit_recording import UnitRecording
from attrax.populations import GROUPS, balance
from attrax.reports.appearance import GROUP_LOOKS

FEATURES = ["coherence_1", "coherence_2", "context", "choice", "correct", "time"]
LETTERS = [GROUP_LOOKS[group].letter for group in GROUPS]


def made_balance(labels, rng):
    n_units = len(labels)
    known = bool((labels != "").all())
    found = balance(
        labels if known else np.full(n_units, "G_s"), rng.normal(size=(n_units, n_units)), rng.normal(size=n_units),
        rng.random((2, n_units)), permutations=30,
    )  # fmt: skip
    if not known:
        found = found.map(lambda values: values.where(False) if values.dtype.kind == "f" else values)
    found = found.rename({"group": "functional_group", "target": "target_group", "source": "source_group"})
    return found.rename({name: f"balance_{name}" for name in found.data_vars}).assign(
        balance_reason=((), np.array("" if known else "every orbit diverges", dtype="U60"))
    )


def made_units(seed=0, n_units=20, groups=GROUPS, untrained=True, updates=(0, 10, 400), unknown=(), accuracy=None):
    """Return what is known of the units of one network; at the checkpoints `unknown` it has no groups."""
    rng = np.random.default_rng(seed)
    n_checkpoints = len(updates)
    course = rng.choice(groups, (n_checkpoints, n_units)).astype("U3")
    for before, now in pairwise(course):
        kept = rng.random(n_units) < 0.6
        now[kept] = before[kept]
    course[list(unknown)] = ""
    label, first = course[-1], course[0]
    shape = (n_units, len(FEATURES))
    testable = rng.random(shape) < 0.9
    testable[:, 3] = False
    significant = testable & (rng.random(shape) < 0.5)
    information = np.where(testable, rng.gamma(1.0, 0.1, shape), np.nan)
    of = ["trained", "first weights, trained groups", "untrained"] if untrained else ["trained"]
    parts = [made_balance(labels, rng) for labels in (label, label, first)[: len(of)]]
    since = n_checkpoints - np.logical_and.accumulate((course == label)[::-1]).sum(axis=0)
    settled = np.where(label == "", np.nan, np.array(updates, float)[since])
    accuracy = np.linspace(0.3, 0.95, n_checkpoints) if accuracy is None else accuracy
    return xr.concat(parts, dim="balance_of").assign_coords(balance_of=of).assign(
        unit_group=("unit", label), unit_information=(("unit", "feature"), information),
        unit_significant=(("unit", "feature"), significant), unit_testable=(("unit", "feature"), testable),
        unit_sign=(("unit", "feature"), np.where(significant, rng.integers(-1, 2, shape), 0)),
        units_course_group=(("checkpoint", "unit"), course), units_course_settled=("unit", settled),
        units_course_updates=("checkpoint", np.array(updates)), units_course_accuracy=("checkpoint", accuracy),
    ).assign_coords(feature=FEATURES, checkpoint=[f"c{n}" for n in range(n_checkpoints)])  # fmt: skip


@cache
def many(make, n_seeds, **options):
    """Return datasets of two rules and two widths, so many seeds each."""
    of = [(learner, delta, seed) for learner in ("ppo", "supervised") for delta in (0.06, 0.15) for seed in
          range(n_seeds)]  # fmt: skip
    parts = [make(seed=number, **options) for number in range(len(of))]
    names = {name: ("network", [row[place] for row in of]) for place, name in enumerate(("learner", "delta", "seed"))}
    return xr.concat(parts, dim="network", join="outer").assign_coords(
        network=[f"n{number:02d}" for number in range(len(of))], **names
    )


def made_causes(seed=0, sizes=(0.05, 0.1, 0.2), units=(9, 4, 4, 3), winds=(True, False), damping=(0.0, 0.5)):
    rng = np.random.default_rng(seed)
    falling = 0.95 - 0.15 * np.arange(len(sizes))[:, None] - 0.05 * rng.random((len(sizes), 2))
    drawn = falling[:, None] + 0.02 * rng.normal(size=(len(sizes), 3, 2))
    n_factors, kinds = len(damping), ["fixed point", "cycle", "quasi-periodic", "chaotic", "divergent", "undecided"]
    edited = ("context", "cause_damping", "cause_applied")
    silenced = 0.9 - 0.4 * rng.random((4, 4, 2))
    silenced[:, np.array(units) == 0] = 0.96
    shares = rng.dirichlet(np.ones(6), (2, n_factors))
    return xr.Dataset(
        {
            "cause_trials": ("cause_strength", [120, 0]),
            "cause_intact": ("cause_strength", [0.96, np.nan]),
            "cause_group_units": ("cause_group", np.array(units, float)),
            "cause_silenced": (("cause_stage", "cause_group", "cause_strength"), silenced),
            "cause_silenced_random": (("cause_stage", "cause_group", "cause_draw", "cause_strength"),
                                      0.9 - 0.2 * rng.random((4, 4, 3, 2))),
            "cause_noise": (("cause_noise_size", "cause_strength"), falling),
            "cause_weights": (("cause_weight_size", "cause_draw", "cause_strength"), drawn),
            "cause_lesions": (("cause_lesion_share", "cause_draw", "cause_strength"), drawn),
            **{f"cause_{name}_area": ((), 0.7 + 0.01 * seed) for name in ("noise", "weights", "lesions")},
            "cause_mode_found": ("context", np.array(["found", "no complex pair"])),
            "cause_mode_winds": ("context", list(winds)),
            "cause_mode_trials": (("context", "cause_strength"), [[60, 0], [60, 0]]),
            "cause_mode_intact": (("context", "cause_strength"), [[0.95, np.nan]] * 2),
            "cause_mode_accuracy": ((*edited, "cause_strength"), 0.5 + 0.3 * rng.random((2, n_factors, 2, 2))),
            "cause_mode_random": ((*edited, "cause_draw", "cause_strength"), 0.9 * np.ones((2, n_factors, 2, 3, 2))),
            "cause_mode_kinds": (("context", "attractor_kind"), shares[:, 0]),
            "cause_mode_kinds_damped": (("context", "cause_damping", "attractor_kind"), shares),
            "cause_mode_kinds_random": (("context", "cause_damping", "attractor_kind"), shares),
        },
        {
            "cause_group": list(GROUPS), "cause_stage": ["all", "stimulus", "delay", "decision"],
            "cause_noise_size": list(sizes), "cause_weight_size": list(sizes), "cause_lesion_share": list(sizes),
            "cause_damping": list(damping), "cause_applied": ["all", "stimulus"], "attractor_kind": kinds,
        },
    )  # fmt: skip


def made_recording(n_units=12, contexts=True):
    """Units 0, 1... are most active at one condition each; the last but one is silent, the last one diverges."""
    rng = np.random.default_rng(0)
    n_trials = 200
    features = {f"coherence_{m + 1}": rng.choice([-1.0, -0.2, 0.2, 1.0], n_trials) for m in range(1 + contexts)}
    context = rng.integers(0, 2, n_trials) if contexts else np.zeros(n_trials, int)
    if contexts:
        features["context"] = context
    counted = np.where(context == 1, features.get("coherence_2", 0.0), features["coherence_1"])
    number = 4 * context + np.searchsorted([-1.0, -0.2, 0.2, 1.0], counted)
    activity = 0.1 + (number[:, None] == np.arange(n_units) % 8).astype(float)
    activity[:, -2], activity[:, -1] = 0.0, np.nan
    return UnitRecording(
        activity, features, np.arange(n_trials), np.full(n_trials, 3), activity, np.ones(n_trials, int)
    )


def texts(axis):
    return [text.get_text() for text in axis.texts]


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def hatched(axis):
    return [patch for patch in axis.patches if isinstance(patch, Rectangle) and patch.get_hatch()]


def bars_of(axis):
    return [bar for container in axis.containers for bar in container]
