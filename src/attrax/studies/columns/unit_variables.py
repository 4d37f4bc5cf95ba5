"""Variables of functional groups, of single units and of their connectivity: see `map_groups` and `map_units`."""

from attrax.studies.columns.described import ONE, TEXT, TRUE_OR_FALSE, Variable, over

GROUPS: dict[str, Variable] = {
    **over(
        "definition context choice unit",
        choice_activity=(
            ONE,
            "Mean activity of the unit over 500 steps on the attractor of the choice, or over the decision steps of "
            "the trials; NaN where there is none.",
        ),
        choice_least=(
            ONE,
            "Least activity of the unit on the attractor of the choice, of trials the median; NaN where there is none.",
        ),
    ),
    **over(
        "definition context choice",
        choice_found=(TRUE_OR_FALSE, "Whether there is an attractor, or trials, of the choice."),
        choice_attractors=(
            ONE,
            "How many attractors favour the choice; the group is that of the one with most trials. 0 for the "
            'definition "trials".',
        ),
        choice_share=(ONE, "Share of the trials whose right answer is the choice that go to its attractor."),
        choice_amplitude=(
            ONE,
            "Root mean square distance of the attractor's states from their mean, in units of their size: 0 at a fixed "
            "point.",
        ),
    ),
    **over(
        "definition context unit",
        group=(
            TEXT,
            "Functional group of the unit: G_a active for both choices, G_+ and G_- for one only, G_s for none; empty "
            "where one of the choices was not found.",
        ),
    ),
    **over("definition context", group_reason=(TEXT, "Why there are no groups; empty where there are.")),
    **over(
        "definition other_definition context",
        group_agreement=(
            ONE,
            "Adjusted Rand index of the groups by two definitions: 1 where they are equal, 0 on average by chance; NaN "
            "where one has none.",
        ),
    ),
}

SELECTIVITY: dict[str, Variable] = {
    **over(
        "unit",
        unit_group=(
            TEXT,
            "Functional group of the unit by what it does in the decision stage of real trials, in any context; empty "
            "where there are none.",
        ),
        unit_feature_count=(ONE, "Number of features that the unit is tuned to (unit_tuned)."),
    ),
    **over(
        "choice unit",
        unit_choice_activity=(
            ONE,
            "Mean activity of the unit in the decision stage of trials whose right answer is the choice.",
        ),
    ),
    **over(
        "unit feature",
        unit_information=(
            "bits",
            "Information between the unit's activity and the feature, by Gaussian copula; NaN where it was not tested.",
        ),
        unit_information_any=(
            "bits",
            "Information about a quantity or its distance from its median, so that a unit most active in the middle "
            "counts; of categories the same as unit_information.",
        ),
        unit_p_value=(ONE, "p of no dependence, by shuffles, corrected over all pairs (Benjamini, Hochberg)."),
        unit_significant=(
            TRUE_OR_FALSE,
            "Whether the unit is selective for the feature: unit_p_value is 0.05 or less.",
        ),
        unit_sign=(
            ONE,
            "1: more active at larger values of the feature; -1: less active; 0: neither can be shown, or its values "
            "have no order.",
        ),
        unit_testable=(TRUE_OR_FALSE, "Whether the pair of unit and feature could be tested."),
        unit_reason=(TEXT, "Why the pair could not be tested; empty where it was."),
        unit_tuned=(
            TRUE_OR_FALSE,
            "Whether the unit is selective for the feature, and still is whichever single other feature is held fixed, "
            "as far as that can be tested.",
        ),
    ),
    **over(
        "unit feature given",
        unit_conditional_information=(
            "bits",
            "Information about the feature where the given one is held fixed, averaged over its values; NaN where it "
            "was not tested.",
        ),
        unit_conditional_p_uncorrected=(
            ONE,
            "p of no information about the feature where the given one is held fixed, by shuffles.",
        ),
        unit_conditional_p=(
            ONE,
            "p of no information about the feature where the given one is held fixed, corrected over all that "
            "could be tested (Benjamini, Hochberg).",
        ),
        unit_conditional_reason=(
            TEXT,
            "Why information with the given feature held fixed was not tested; empty where it was.",
        ),
    ),
    **over(
        "unit tuning_condition",
        unit_tuning=(
            ONE,
            "Mean activity of the unit in the decision stage of the trials of a condition: a context, and a coherence "
            "of the modality that counts in it.",
        ),
    ),
    **over(
        "tuning_condition",
        unit_tuning_context=(ONE, "Context of the condition, from 0."),
        unit_tuning_coherence=(ONE, "Signed coherence of the condition, of the modality that counts in its context."),
    ),
    **over(
        "",
        unit_group_reason=(TEXT, "Why there are no groups in real trials; empty where there are."),
        unit_mixed_share=(ONE, "Share of the units that can be tested which are tuned to two features or more."),
        unit_trials=("trials", "Trials in which the units were recorded."),
        unit_unanswered=(
            "trials",
            "Recorded trials without an answer; they are left out of the tests, unless fewer than 20 are left.",
        ),
    ),
}

CONNECTIVITY: dict[str, Variable] = {
    **over(
        "unit other_unit",
        connectivity_information=(
            "bits",
            "Information between the activities of two units, by Gaussian copula, less its bias; NaN on the diagonal "
            "and where one of the two cannot be tested.",
        ),
        connectivity_sign=(ONE, "Sign of the correlation of the two units; 0 where it cannot be tested."),
        connectivity_p_value=(
            ONE,
            "p that two units share no more than the course of the trial, by permuting whole trials, "
            "corrected over all pairs (Benjamini, Hochberg).",
        ),
    ),
    **over(
        "unit",
        connectivity_reason=(TEXT, "Why the unit cannot be tested; empty where it can."),
        connectivity_community=(
            ONE,
            "Community of the unit by Louvain's method, numbered from 0 by falling size; -1 without an edge. An edge "
            "is a significant pair.",
        ),
    ),
    **over(
        "",
        connectivity_edges=(ONE, "Number of edges of the graph of significant pairs."),
        connectivity_modularity=(ONE, "Newman's modularity Q of the communities."),
        connectivity_modularity_null_mean=(
            ONE,
            "Mean modularity Q of the communities of five rewired graphs.",
        ),
        connectivity_modularity_reason=(
            TEXT,
            "Why there is no modularity Q, or none to compare it with; empty where there is.",
        ),
        connectivity_group_modularity=(
            ONE,
            "Modularity Q of the partition by functional groups, over units with an edge and a known group.",
        ),
        connectivity_group_modularity_p=(
            ONE,
            "One-sided p (larger) of connectivity_group_modularity, by permuting the groups among the units.",
        ),
        connectivity_agreement=(
            ONE,
            "Adjusted Rand index of communities and functional groups, over units with an edge and a known group.",
        ),
        connectivity_agreement_p=(
            ONE,
            "One-sided p (larger) of connectivity_agreement, by permuting the groups among the units.",
        ),
        connectivity_groups_reason=(
            TEXT,
            "Why nothing is said of functional groups and connectivity; empty where something is.",
        ),
    ),
    **over(
        "relation",
        connectivity_weight_correlation=(
            ONE,
            "Spearman's correlation of connectivity and recurrent weights over pairs of units that can be tested.",
        ),
        connectivity_weight_p=(ONE, "Two-sided p of connectivity_weight_correlation by Mantel's test."),
        connectivity_weights_reason=(
            TEXT,
            "Why there is no correlation of connectivity and weights; empty where there is.",
        ),
    ),
}

UNITS_COURSE: dict[str, Variable] = {
    **over(
        "checkpoint",
        units_course_updates=("updates", "Updates up to the checkpoint."),
        units_course_accuracy=(ONE, "Accuracy on the held-out trials when the checkpoint was taken."),
        units_course_reason=(TEXT, "Why there are no groups at the checkpoint; empty where there are."),
        units_course_entropy=(
            "bits",
            "Entropy of the groups: 0 where all units share one, 2 where the four are equal; NaN where there are none.",
        ),
        units_course_changed=(
            ONE,
            "Share of the units whose group is another one than at the checkpoint before; NaN at the first, and where "
            "one of the two has none.",
        ),
    ),
    **over(
        "checkpoint unit",
        units_course_group=(
            TEXT,
            "Functional group of the unit at the checkpoint, by what it does in real trials; empty where there are "
            "none.",
        ),
    ),
    **over("checkpoint functional_group", units_course_size=(ONE, "Number of units in the group.")),
    **over(
        "checkpoint balance_measure",
        units_course_balance=(
            ONE,
            "The measure of how balanced the groups are at the checkpoint; NaN where there are no groups.",
        ),
    ),
    **over(
        "checkpoint unit feature",
        units_course_selective=(
            TRUE_OR_FALSE,
            "Whether the unit is selective for the feature at the checkpoint; false where that could not be tested.",
        ),
    ),
    **over(
        "unit",
        units_course_settled=(
            "updates",
            "Updates up to the checkpoint from which on the unit keeps its final group; NaN where that is not known.",
        ),
    ),
}
