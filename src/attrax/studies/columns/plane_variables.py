"""Variables of the planes and of the atlas: see `map_planes` and `map_atlases`."""

from attrax.studies.columns.described import ONE, TEXT, TRUE_OR_FALSE, Variable, over

PLANES: dict[str, Variable] = {
    **over(
        "stage context start coherence_1 coherence_2",
        kind=(
            TEXT,
            "Kind of the attractor: fixed point, cycle, quasi-periodic, chaotic or divergent; undecided where the "
            "evidence is not clear.",
        ),
        period=("steps", "Minimal period of a fixed point (1) or cycle; 0 for the other kinds."),
        period_excluded=(
            "steps",
            "K: up to this period the orbit has drifted past all cycles, or its nearest returns have none; 0 where "
            "none was sought.",
        ),
        certified=(
            TRUE_OR_FALSE,
            "Whether it is proved that the orbit goes to this fixed point or cycle, or diverges.",
        ),
        neutral=(
            TRUE_OR_FALSE,
            "Whether the orbit is one of a continuum of neutral states, which attracts nothing; such an orbit is "
            "undecided.",
        ),
        rotation_number=(
            "turns per step",
            "Rotation number of an oscillation, folded to between 0 and 1/2; NaN where there is none.",
        ),
        rotation_digits=(
            "decimal digits",
            "Digits of the rotation number on which the two halves of the run agree; infinite where it is exact.",
        ),
        torus_dimension=(ONE, "1 on an invariant curve, 2 on a torus, 0 elsewhere."),
        digits_gained=(
            "decimal digits per decade of steps",
            "Stable digits that averages along the orbit gain each time it is ten times as long; NaN where that was "
            "not measured.",
        ),
        chaos_test=(
            ONE,
            "K of the 0-1 test for chaos: near 0 for regular motion, near 1 for chaos; NaN where that was "
            "not measured.",
        ),
        amplitude=(
            ONE,
            "Root mean square distance of the attractor's states from their mean, in units of activity; 0 at a fixed "
            "point.",
        ),
        radius=(
            ONE,
            "Spectral radius of the Jacobian of the certified fixed point or cycle over one period; NaN where there "
            "is no certificate.",
        ),
        residual=(
            ONE,
            "Distance between the state of the certified fixed point or cycle and its image after one period, in units "
            "of the state's scale; NaN where there is no certificate.",
        ),
        margin=(
            ONE,
            "Smallest distance of a unit's drive from zero, over the units and steps of the certified fixed point or "
            "cycle, in units of the state's scale; NaN where there is no certificate.",
        ),
        steps=("steps", "Steps of the orbit after which the label was given."),
        relaxation_time=(
            "steps",
            "Steps in which a deviation from the attractor shrinks by a factor e: 0 where every deviation is gone "
            "within finitely many steps, NaN for chaotic, divergent and undecided orbits.",
        ),
    ),
    **over(
        "stage context start coherence_1 coherence_2 exponent",
        exponents=(
            "1 per step",
            "The four largest Lyapunov exponents, the largest first: exact where the label is certified, else "
            "measured; NaN for a divergent orbit, and where there are fewer units.",
        ),
        exponent_error=(
            "1 per step",
            "Standard error of each Lyapunov exponent over 20 blocks of the orbit; 0 where the exponent is exact.",
        ),
    ),
    **over(
        "stage context coherence_1 coherence_2",
        trial_distance=(
            ONE,
            'Median distance of real trials\' last states of the stage from the attractor of start "stage", in units '
            "of its root mean square norm: 0 on the attractor, 1 as far from it as the silent network is. NaN at "
            "divergent and undecided points, and where the attractor is silence.",
        ),
    ),
}

ORBITS: dict[str, Variable] = {
    **over("stage", stage_steps=("steps", "Typical length of the stage in a trial.")),
    **over(
        "orbit step readout",
        readout_orbit=(
            ONE,
            'One of the most oscillating orbits of the stimulus stage as the readout sees it, in logits: "choice" is '
            'logit of "+" minus logit of "-", "answer" the larger of the two minus logit of fixation. NaN where '
            "fewer orbits oscillate.",
        ),
    ),
    **over(
        "orbit",
        orbit_context=(ONE, "Context of the orbit, counted from 0; NaN where there is no orbit."),
        orbit_coherence_1=(ONE, "Signed coherence of the first modality under which the orbit runs."),
        orbit_coherence_2=(
            ONE,
            "Signed coherence of the second modality under which the orbit runs; 0 where the task has one modality.",
        ),
    ),
}

ATLAS: dict[str, Variable] = {
    **over(
        "context atlas_kind",
        atlas_share=(
            ONE,
            "Share of the stimulus stage's plane of coherences where an attractor of the kind exists. Kinds coexist, "
            "so their shares can add up to more than 1.",
        ),
        atlas_low=(ONE, "Lower bound of the 95 % interval of atlas_share."),
        atlas_high=(
            ONE,
            "Upper bound of the 95 % interval of atlas_share: of attractors that the starts that were tried can meet.",
        ),
        atlas_exact=(ONE, "The part of atlas_share that polygons prove."),
        atlas_stimuli_exists=(
            ONE,
            "Share of trials at whose coherences an attractor of the kind exists, each coherence counted as often as "
            "the task's trials have it.",
        ),
        atlas_stimuli_reached=(
            ONE,
            "Share of trials at whose coherences the orbit from where the stage begins, without noise, goes to an "
            "attractor of the kind.",
        ),
    ),
    **over(
        "context attractors",
        atlas_coexisting=(
            ONE,
            "Share of the plane with so many fixed points and short cycles that attract; the last is 6 or more.",
        ),
    ),
    **over(
        "context",
        atlas_stimuli_coexist=(
            ONE,
            "Share of trials at whose coherences two or more fixed points and short cycles attract.",
        ),
        atlas_complete=(TRUE_OR_FALSE, "Whether the atlas met no limit of what it may compute."),
        atlas_regions=(ONE, "Number of regions, unstable ones included."),
        atlas_sheets=(
            ONE,
            "Number of sheets: regions of attractors that hang together, one above each point.",
        ),
    ),
    **over(
        "context region corner axis",
        atlas_corner=(
            ONE,
            "Corners of the polygon of coherences in which an attractor with one formula exists; NaN behind the last.",
        ),
    ),
    **over(
        "context region",
        atlas_period=("steps", "Period of the polygon's attractor, 1 for a fixed point; 0 behind the last."),
        atlas_sheet=(ONE, "Number of the sheet that the polygon belongs to, from 0; -1 behind the last."),
    ),
    **over(
        "context border end axis",
        atlas_border=(
            ONE,
            "The two ends of a border of an attractor's polygon, as coherences, those left out at which only a unit "
            "switches; NaN behind the last.",
        ),
    ),
    **over(
        "context border",
        atlas_border_kind=(
            TEXT,
            "What becomes of the attractor at the border: fold, exchange, flip, Neimark-Sacker, merging, singular or "
            "unproved; empty behind the last.",
        ),
    ),
    **over(
        "context sample axis",
        atlas_sample=(
            ONE,
            "Sampled coherences at which an orbit went to an attractor without a formula; NaN behind the last.",
        ),
    ),
    **over(
        "context sample",
        atlas_sample_kind=(
            TEXT,
            "Kind of the attractor without a formula at the sampled coherences; empty behind the last.",
        ),
    ),
    **over("context axis end", atlas_window=(ONE, "From which coherence to which the plane goes along each axis.")),
}
