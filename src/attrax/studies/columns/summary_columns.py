"""Columns of the summary: what a network is, how it was trained, and what it became."""

from attrax.studies.columns.described import ONE, TEXT, TRUE_OR_FALSE, Column

_OVER_PLANES = "over the stimulus-stage planes of all contexts, started where the stage begins"
_SILENCED = "Accuracy lost with the units silenced that are active for"
_CONTROL = "less that lost with as many random units silenced; NaN where there are none, or nothing to lose."
_NO_GROUPS = "NaN where the network has no groups."
_NOTHING_TO_LOSE = "NaN where the network as it is answers no more than half of the trials rightly."

TRAINING: dict[str, Column] = {
    "network": Column(
        TEXT, "Name of the network: a hash of its settings, its seed and the source code that computed it."
    ),
    "task": Column(TEXT, "The task, by the name that the study gives it."),
    "learner": Column(TEXT, "The learning rule, by the name that the study gives it."),
    "delta": Column(ONE, "δ, the width of the first weights: input and recurrent weights begin as U(-δ, δ)."),
    "seed": Column(
        ONE,
        "Seed of the first weights, the training trials and the evaluation trials: networks of one task and seed are "
        "pairs.",
    ),
    "n_hidden": Column(ONE, "Number of hidden units."),
    "reached": Column(
        TRUE_OR_FALSE,
        "Whether training reached what was asked for: the accuracy; without one the trials; without those the updates.",
    ),
    "status": Column(
        TEXT,
        "How training ended: reached; budget spent, before that; or diverged, when numbers stopped being finite (the "
        "network is the last finite one).",
    ),
    "accuracy": Column(
        ONE,
        "Share of trials whose first answer in the decision stage is right, on fresh trials after the stop, each from "
        "the zero state, with greedy actions; NaN for a diverged network.",
    ),
    "accuracy_in_a_row": Column(
        ONE,
        "Share of such trials that are answered rightly with ten trials in a row, the hidden state "
        "carried on from each to the next; accuracy starts each from the zero state.",
    ),
    "early_answers": Column(ONE, "Share of the fresh trials after the stop with an answer before the decision stage."),
    "updates": Column("updates", "Updates of the weights until training stopped."),
    "trials": Column("trials", "Training trials until training stopped."),
    "spectral_radius": Column(
        ONE,
        "Largest absolute eigenvalue of the trained recurrent weights, to within about one part in a thousand.",
    ),
}

PLANES: dict[str, Column] = {
    "frac_fixed": Column(ONE, f"Share of fixed points {_OVER_PLANES}."),
    "frac_cycle": Column(ONE, f"Share of cycles {_OVER_PLANES}."),
    "frac_locked": Column(ONE, f"Share of cycles of a period above 10, oscillations that have locked, {_OVER_PLANES}."),
    "frac_quasi": Column(ONE, f"Share of quasi-periodic attractors {_OVER_PLANES}."),
    "frac_chaotic": Column(ONE, f"Share of chaotic attractors {_OVER_PLANES}."),
    "frac_divergent": Column(ONE, f"Share of divergent orbits {_OVER_PLANES}."),
    "frac_undecided": Column(ONE, f"Share of points without a clear label {_OVER_PLANES}."),
    "period_excluded": Column(
        "steps",
        "Smallest K of the quasi-periodic points: the nearest returns of each up to this period were tried, and none "
        "has a cycle; 0 where nothing is quasi-periodic.",
    ),
    "relaxation_time": Column(
        "steps",
        f"Median number of steps in which a deviation from the attractor shrinks by a factor e, {_OVER_PLANES}.",
    ),
    "trial_distance": Column(
        ONE,
        "Median distance of real trials from the attractor when the stage ends, in units of its size, "
        f"{_OVER_PLANES}: 0 on it, 1 as far as the silent network is.",
    ),
}

ATLAS: dict[str, Column] = {
    "atlas_fixed": Column(
        ONE, "Share of the plane of coherences where a fixed point attracts, mean over the contexts."
    ),
    "atlas_cycle": Column(ONE, "Share of the plane where a cycle attracts, mean over the contexts."),
    "atlas_quasi": Column(ONE, "Share of the plane where there is a quasi-periodic attractor, mean over the contexts."),
    "atlas_chaotic": Column(ONE, "Share of the plane where there is a chaotic attractor, mean over the contexts."),
    "atlas_divergent": Column(ONE, "Share of the plane where an orbit diverges, mean over the contexts."),
    "atlas_coexist": Column(
        ONE, "Share of the plane where two or more fixed points and short cycles attract, mean over the contexts."
    ),
    "atlas_complete": Column(TRUE_OR_FALSE, "Whether the atlases of all contexts met no limit."),
}

COURSE: dict[str, Column] = {
    "first_quasi_updates": Column(
        "updates",
        "Updates up to the first checkpoint at which a quasi-periodic attractor is there, started where the stage "
        "begins; NaN where none has one. At 0 it is the doing of the random first weights.",
    ),
    "first_quasi_accuracy": Column(
        ONE,
        "Accuracy on the held-out trials at the first checkpoint at which a quasi-periodic attractor is "
        "there; NaN where none has one.",
    ),
}

UNITS: dict[str, Column] = {
    "group_imbalance": Column(
        ONE, "(n+ - n-) / (n+ + n-) of the sizes of the functional groups G_+ and G_-; NaN where both are empty."
    ),
    "group_entropy": Column("bits", f"Entropy of the functional groups: 2 where the four are equal. {_NO_GROUPS}"),
    "group_heterogeneity": Column(
        ONE,
        "1 minus the mean correlation of the tuning curves of two units of a group, mean over the groups: 0 where all "
        "are alike, 1 where they are unrelated.",
    ),
    "share_a": Column(ONE, f"Share of the units that are active for both choices (G_a). {_NO_GROUPS}"),
    "share_plus": Column(ONE, f'Share of the units that are active for "+" only (G_+). {_NO_GROUPS}'),
    "share_minus": Column(ONE, f'Share of the units that are active for "-" only (G_-). {_NO_GROUPS}'),
    "share_silent": Column(ONE, f"Share of the units that are active for no choice (G_s). {_NO_GROUPS}"),
    "drive_asymmetry": Column(
        ONE,
        '(d+ - d-) / (|d+| + |d-|), with d+ what all units drive "+" by where "+" is chosen, and d- likewise: 0 where '
        "the two are equal.",
    ),
    "largest_block_z": Column(
        ONE,
        "Largest absolute z of the mean weight from one functional group to another, against units' labels permuted.",
    ),
    "untrained_group_imbalance": Column(ONE, "group_imbalance of the network before training, by its own groups."),
    "untrained_group_entropy": Column("bits", "group_entropy of the network before training, by its own groups."),
    "untrained_group_heterogeneity": Column(
        ONE, "group_heterogeneity of the network before training, by its own groups."
    ),
    "selective_coherence_1": Column(
        ONE, "Share of the units that can be tested which are selective for the coherence of the first modality."
    ),
    "selective_coherence_2": Column(
        ONE,
        "Share of the units that can be tested which are selective for the coherence of the second "
        "modality, of tasks that have one.",
    ),
    "selective_context": Column(
        ONE, "Share of the units that can be tested which are selective for the context, of tasks that have several."
    ),
    "selective_choice": Column(
        ONE, "Share of the units that can be tested which are selective for the network's answer."
    ),
    "selective_correct": Column(
        ONE, "Share of the units that can be tested which are selective for whether the answer is right."
    ),
    "selective_time": Column(
        ONE, "Share of the units that can be tested which are selective for the time since the trial began."
    ),
    "mixed_share": Column(ONE, "Share of the units that can be tested which are tuned to two features or more."),
    "modularity": Column(
        ONE, "Newman's modularity Q of the communities of units whose activity depends on each other's."
    ),
}

CAUSES: dict[str, Column] = {
    "robustness_noise": Column(
        ONE, f"Mean accuracy under noise on the state, over the logarithm of its size. {_NOTHING_TO_LOSE}"
    ),
    "robustness_weights": Column(
        ONE, f"Mean accuracy under noise on the recurrent weights, over the logarithm of its size. {_NOTHING_TO_LOSE}"
    ),
    "robustness_lesions": Column(
        ONE,
        f"Mean accuracy with random units silenced, over the logarithm of their share. {_NOTHING_TO_LOSE}",
    ),
    "lesion_effect_a": Column(
        ONE,
        f"{_SILENCED} both choices (G_a), {_CONTROL}",
    ),
    "lesion_effect_plus": Column(ONE, f'{_SILENCED} "+" only (G_+), {_CONTROL}'),
    "lesion_effect_minus": Column(ONE, f'{_SILENCED} "-" only (G_-), {_CONTROL}'),
    "lesion_effect_s": Column(ONE, f"{_SILENCED} no choice (G_s), {_CONTROL}"),
    "mode_removal_effect": Column(
        ONE,
        "Accuracy lost with the oscillating mode damped the most, less that lost by random changes of the same norm, "
        "mean over the contexts where something oscillates about a mode; NaN where none does.",
    ),
    "mode_removal_quasi": Column(
        ONE,
        "Change of the share of quasi-periodic attractors with the oscillating mode damped the most, mean "
        "over the contexts where something oscillates about a mode; NaN where none does.",
    ),
}


def varied(name: str) -> Column:
    """Return what is said of a column that is there because the study varies a setting."""
    return Column("as of the setting", f"The setting {name}, which the study varies.")
