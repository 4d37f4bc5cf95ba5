"""Coordinates of the files of arrays, and the axes that have none."""

from attrax.studies.columns.described import ONE, TEXT, Variable

_GROUP = "G_a active for both choices, G_+ and G_- for one only, G_s for none."


def _along(**coordinates: tuple[str, str]) -> dict[str, Variable]:
    return {name: Variable(unit, meaning, (name,)) for name, (unit, meaning) in coordinates.items()}


_OF_BOTH: dict[str, Variable] = _along(
    network=(TEXT, "Name of the network, as in the summary."),
    context=(ONE, "Context, counted from 0: which modality counts."),
    choice=(TEXT, 'Choice: "+" or "-".'),
    checkpoint=(
        TEXT,
        "Name of the checkpoint: initial, final, or what was asked for (accuracy, updates or trials) and its count.",
    ),
    attractor_kind=(TEXT, "Kind of attractor: fixed point, cycle, quasi-periodic, chaotic, divergent or undecided."),
)

COORDINATES_OF_ARRAYS: dict[str, Variable] = _OF_BOTH | _along(
    stage=(TEXT, "Stage of a trial: fixation, stimulus, delay or decision."),
    start=(
        TEXT,
        'Where the orbit starts: "stage", the state that the network is in when the stage begins, after noise-free '
        'stages from the zero state; or "zero".',
    ),
    coherence_1=(
        ONE,
        "Signed coherence of the first modality, from -1 to 1. In the delay and decision stages it is that of the "
        "stimulus before: it sets the start, not the input.",
    ),
    coherence_2=(
        ONE,
        "Signed coherence of the second modality, from -1 to 1, as coherence_1; a task of one modality "
        "has the value 0 alone.",
    ),
    readout=(
        TEXT,
        '"choice": logit of "+" minus logit of "-"; "answer": the larger of the two minus logit of fixation.',
    ),
    definition=(
        TEXT,
        "How units are sorted into groups: by their activity in the attractors of the decision stage, in those of the "
        "delay stage, or in real trials.",
    ),
    other_definition=(TEXT, "The definition of groups that definition is compared with."),
    atlas_kind=(TEXT, "Kind of attractor, as attractor_kind."),
    attractors=(ONE, "How many fixed points and short cycles attract at one place; the last is 6 or more."),
    axis=(TEXT, "Axis of the atlas's plane: x is the coherence of the first modality, y that of the second."),
    side_stage=(TEXT, "Stage at whose beginning it is asked on which side trials are."),
    strength=(ONE, "Strength of the evidence: absolute coherence of the modality of the context."),
    update=("updates", "Updates up to the evaluation."),
)

COORDINATES_OF_UNITS: dict[str, Variable] = _OF_BOTH | _along(
    feature=(
        TEXT,
        "Feature of a trial: coherence of a modality, context, choice (the network's greedy answer), correct (whether "
        "it is the right one), or time (steps since the trial began).",
    ),
    given=(TEXT, "Feature that is held fixed, of those of feature."),
    functional_group=(TEXT, f"Functional group of units: {_GROUP}"),
    target_group=(TEXT, "Group of the units that a weight leads to."),
    source_group=(TEXT, "Group of the units that a weight comes from."),
    weighting=(TEXT, '"weights": plain weights; "activity": each times the mean activity of the unit it comes from.'),
    balance_of=(
        TEXT,
        "Whose balance: the trained network's; its groups in the weights it began with; or that untrained network's, "
        "with its own groups.",
    ),
    relation=(
        TEXT,
        '"strength": information against the mean absolute weight of a pair, abs(W + W^T) / 2; "signed": correlation '
        "against W + W^T.",
    ),
    balance_measure=(
        TEXT,
        "Measure of balance: imbalance, heterogeneity, drive_asymmetry or largest_block_z, as in the summary.",
    ),
    cause_strength=(ONE, "Strength of the evidence: absolute coherence of the modality of the context."),
    cause_group=(TEXT, f"Functional group that is silenced: {_GROUP}"),
    cause_source=(TEXT, "Group of the units that the cut weights come from."),
    cause_target=(TEXT, "Group of the units that the cut weights lead to."),
    cause_stage=(TEXT, 'Stage in which the group is silenced; "all": in every one.'),
    cause_noise_size=(ONE, "Standard deviation of the noise on the state at each step, in units of cause_activity."),
    cause_weight_size=(ONE, "Norm of the noise on the recurrent weights, in units of that of the weights."),
    cause_lesion_share=(ONE, "Share of the units that are silenced at random."),
    cause_damping=(ONE, "What the eigenvalue of the oscillating mode is multiplied by; 0 takes the mode out."),
    cause_applied=(TEXT, 'Stage in which the changed network acts: "all", or the stimulus stage alone.'),
    cause_modality=(ONE, "Modality, counted from 0."),
)

_UNIT = "Units of the network."
BARE_AXES_OF_ARRAYS: dict[str, str] = {
    "exponent": "Lyapunov exponents, the largest first.",
    "orbit": "Orbits that were kept for drawing, the widest oscillation first.",
    "step": "Steps along a kept orbit.",
    "unit": _UNIT,
    "region": "Polygons of attractors.",
    "corner": "Corners of a polygon.",
    "border": "Borders between polygons.",
    "end": "The two ends of a border, or of an axis.",
    "sample": "Sampled coherences.",
}
"""Axes without a coordinate, whose places are numbers from 0 and no more."""
BARE_AXES_OF_UNITS: dict[str, str] = {
    "unit": _UNIT,
    "other_unit": "The other unit of a pair.",
    "cause_draw": "Random draws of a control.",
    "tuning_condition": "Contexts and coherences that the recorded trials have (see unit_tuning).",
}


def own_places(dim: str) -> Variable:
    """Return what is said of ``own_X``, which a file has where the networks in it differ in an axis X."""
    meaning = f"Which places along {dim} are the network's own: 0, 1, 2... in its order; -1 at places of others."
    return Variable(ONE, meaning, ("network", dim))
