"""Variables of the dynamics along training and of the training history: see `map_course` and `train`."""

from attrax.studies.columns.described import ONE, TEXT, Variable, over

_AVERAGED = "averaged over the updates since the evaluation before; NaN at the first."

COURSE: dict[str, Variable] = {
    **over(
        "checkpoint",
        course_updates=("updates", "Updates up to the checkpoint."),
        course_trials=("trials", "Training trials up to the checkpoint."),
        course_accuracy=(ONE, "Accuracy on the held-out trials when the checkpoint was taken."),
    ),
    **over(
        "checkpoint context coherence_1 coherence_2",
        course_kind=(TEXT, "Kind of the attractor of the stimulus stage, started where the stage begins."),
        course_period=(
            "steps",
            "Minimal period of the attractor of the stimulus stage, started where the stage begins; 0 unless "
            "it is a fixed point or a cycle.",
        ),
    ),
    **over(
        "checkpoint attractor_kind",
        course_share=(ONE, "Share of each kind over the points of all contexts' planes."),
    ),
    **over(
        "checkpoint context",
        course_attractors=(
            ONE,
            "Attractors that were met, mean over the points of a coarser plane: from the stage's start, from random "
            "states, and from the attractors of the checkpoints beside it.",
        ),
        course_born=(
            ONE,
            "How many attractors were born since the checkpoint before, mean over the points; NaN at the first.",
        ),
        course_died=(
            ONE,
            "How many attractors of the checkpoint before have died since, mean over the points; NaN at the first.",
        ),
        course_changed=(
            ONE,
            "How many attractors of the checkpoint before live on as another kind, mean over the points; NaN at the "
            "first.",
        ),
        course_unknown=(
            ONE,
            "How many attractors of the two checkpoints lead to an orbit that stays undecided, so that it is not known "
            "what became of them, mean over the points; NaN at the first.",
        ),
        course_atlas_coexisting=(
            ONE,
            "Share of the plane where two or more fixed points and short cycles attract; where atlases were asked for.",
        ),
    ),
    **over(
        "checkpoint side_stage strength",
        course_wrong_side=(
            ONE,
            "Share of real trials that are on the wrong side, or on none, when the stage begins: whose state would go "
            "to the wrong choice if the stage lasted for ever without noise.",
        ),
    ),
    **over(
        "checkpoint context attractor_kind",
        course_atlas_share=(
            ONE,
            "Share of the plane where an attractor of the kind exists; where atlases were asked for.",
        ),
    ),
}

HISTORY: dict[str, Variable] = over(
    "update",
    trials=("trials", "Training trials up to the evaluation."),
    accuracy=(ONE, "Share of held-out trials that are answered rightly, with greedy actions."),
    early_answers=(ONE, "Share of held-out trials with an answer before the decision stage."),
    reward=(ONE, "Mean reward of a held-out trial."),
    weight_norm=(ONE, "Frobenius norm of the recurrent weights."),
    spectral_radius=(
        ONE,
        "Largest absolute eigenvalue of the recurrent weights, to within about one part in a thousand.",
    ),
    loss=(
        ONE,
        f"What the learning rule makes small, {_AVERAGED}",
    ),
    gradient_norm=(ONE, f"Norm of the gradient before it was shortened, {_AVERAGED}"),
    policy_loss=(ONE, f"The policy's part of the loss, of rules with a critic, {_AVERAGED}"),
    value_loss=("reward squared", f"Mean squared error of the critic, of rules with one, {_AVERAGED}"),
    entropy=("nats", f"Entropy of the policy, of rules that draw their actions from it, {_AVERAGED}"),
    clipped=(
        ONE,
        "Share of actions whose ratio of probabilities was cut, of rules that use a rollout more than "
        f"once, {_AVERAGED}",
    ),
    used=(ONE, f"Share of the rollout's steps that taught, of rules that use a rollout once, {_AVERAGED}"),
)
