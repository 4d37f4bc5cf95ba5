"""Variables of lesions, noise and the removal of the oscillating mode: see `map_perturbations`."""

from attrax.studies.columns.described import ONE, TEXT, TRUE_OR_FALSE, Variable, over

CAUSES: dict[str, Variable] = {
    **over(
        "cause_strength",
        cause_trials=("trials", "Number of trials; all that is done to the network is tried on the same ones."),
        cause_intact=(ONE, "Accuracy of the network as it is; NaN where no trial has the strength."),
    ),
    **over("cause_group", cause_group_units=(ONE, "Number of units in the group; NaN where groups are unknown.")),
    **over(
        "cause_stage cause_group cause_strength",
        cause_silenced=(ONE, "Accuracy with the group silenced, in all stages or in one alone."),
    ),
    **over(
        "cause_stage cause_group cause_draw cause_strength",
        cause_silenced_random=(ONE, "Accuracy with as many units silenced, drawn among all."),
    ),
    **over(
        "cause_group context attractor_kind",
        cause_silenced_kinds=(
            ONE,
            "Share of each kind of attractor over a small plane of the stimulus stage with the group silenced; compare "
            "with cause_mode_kinds.",
        ),
        cause_silenced_kinds_random=(
            ONE,
            "Share of each kind of attractor over that small plane with as many units silenced at random, of "
            "the first draw.",
        ),
    ),
    **over(
        "cause_source cause_target",
        cause_cut_weights=(ONE, "Number of recurrent weights from group to group; NaN where groups are unknown."),
    ),
    **over(
        "cause_source cause_target cause_strength",
        cause_cut=(ONE, "Accuracy with the recurrent weights from group to group cut."),
    ),
    **over(
        "cause_source cause_target cause_draw cause_strength",
        cause_cut_random=(ONE, "Accuracy with as many recurrent weights cut, drawn among all that exist."),
    ),
    **over(
        "",
        cause_activity=(
            ONE,
            "Root mean square activity of the units over the steps of 200 trials, as if no answer ended them.",
        ),
        cause_noise_area=(
            ONE,
            "Mean accuracy under noise on the state, over the logarithm of its size (trapezoid rule).",
        ),
        cause_weights_area=(
            ONE,
            "Mean accuracy with noise on the recurrent weights, over the logarithm of its size (trapezoid rule).",
        ),
        cause_lesions_area=(
            ONE,
            "Mean accuracy with random units silenced, over the logarithm of their share (trapezoid rule).",
        ),
    ),
    **over("cause_noise_size cause_strength", cause_noise=(ONE, "Accuracy under noise on the state at each step.")),
    **over(
        "cause_weight_size cause_draw cause_strength",
        cause_weights=(ONE, "Accuracy with noise on the recurrent weights; a draw is the same noise at each size."),
    ),
    **over(
        "cause_lesion_share cause_draw cause_strength",
        cause_lesions=(ONE, "Accuracy with random units silenced; a draw is the same order of units at each share."),
    ),
    **over(
        "context",
        cause_mode_found=(
            TEXT,
            "Whether there is an oscillating mode (found), or why not: divergent, no fixed point, no complex pair.",
        ),
        cause_mode_winds=(
            TRUE_OR_FALSE,
            "Whether anything oscillates on the small plane of the stimulus stage: quasi-periodic, chaotic, or a cycle "
            "longer than 2.",
        ),
        cause_mode_modulus=(
            ONE,
            "Modulus of the leading complex pair of eigenvalues at the fixed point about which the orbit winds; NaN "
            "where there is none.",
        ),
        cause_mode_angle=(
            "radians per step",
            "Angle of the leading complex pair of eigenvalues: how far the mode turns in a step.",
        ),
        cause_mode_norm=(
            ONE,
            "Frobenius norm of the change that takes the mode out, in units of the norm of the recurrent weights.",
        ),
        cause_point_radius=(
            ONE,
            "Spectral radius at the fixed point about which the orbit winds: above 1 it is unstable.",
        ),
        cause_point_distance=(
            ONE,
            "Distance of the fixed point about which the orbit winds from the orbit's mean, in units of the "
            "mean's norm.",
        ),
    ),
    **over(
        "context cause_modality",
        cause_mode_coherence=(
            ONE,
            "Signed coherences at which the oscillation is widest; zero where nothing oscillates.",
        ),
    ),
    **over(
        "context cause_strength",
        cause_mode_trials=("trials", "Number of trials of the context."),
        cause_mode_intact=(
            ONE,
            "Accuracy of the network as it is in the trials of the context; NaN where none has the strength.",
        ),
    ),
    **over(
        "context cause_damping cause_applied cause_strength",
        cause_mode_accuracy=(
            ONE,
            "Accuracy in the trials of the context with the eigenvalue of its mode multiplied by the factor.",
        ),
    ),
    **over(
        "context cause_damping cause_applied cause_draw cause_strength",
        cause_mode_random=(
            ONE,
            "Accuracy in the trials of the context after a change of the weights of the same norm as damping "
            "the mode, in planes turned at random.",
        ),
    ),
    **over(
        "context attractor_kind",
        cause_mode_kinds=(
            ONE,
            "Share of each kind of attractor over a small plane of the context's stimulus stage, of the network as it "
            "is.",
        ),
    ),
    **over(
        "context cause_damping attractor_kind",
        cause_mode_kinds_damped=(
            ONE,
            "Share of each kind of attractor over a small plane of the context's stimulus stage, with the "
            "mode damped in all stages.",
        ),
        cause_mode_kinds_random=(
            ONE,
            "Share of each kind of attractor over a small plane of the context's stimulus stage, after the "
            "first of the random changes.",
        ),
    ),
}
