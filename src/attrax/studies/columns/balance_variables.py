"""Variables of the balance of functional groups: see `attrax.populations.balance`."""

from attrax.studies.columns.described import ONE, TEXT, Variable, over


def _with_null(name: str, dims: str, meaning: str, unit: str = ONE) -> dict[str, Variable]:
    """Return the variables of a measure that is set against units' labels permuted, one by one."""
    named = f"balance_{name}"
    return over(
        f"balance_of {dims}",
        **{
            named: (unit, meaning),
            f"{named}_null_mean": (unit, f"Mean of {named} with the units' labels permuted."),
            f"{named}_null_sd": (unit, f"Standard deviation of {named} with the units' labels permuted."),
            f"{named}_z": (
                ONE,
                f"How many standard deviations {named} is from its mean with the units' labels permuted.",
            ),
            f"{named}_p": (ONE, f"Two-sided p of {named}, by permuting the units' labels."),
            f"{named}_q": (ONE, f"{named}_p corrected over all entries of {named} (Benjamini, Hochberg)."),
            f"{named}_reason": (TEXT, f"Why {named}, or its comparison, is NaN; empty where none is."),
        },
    )


BALANCE: dict[str, Variable] = {
    **over("balance_of", balance_reason=(TEXT, "Why there are no groups to measure; empty where there are.")),
    **over(
        "balance_of functional_group",
        balance_size=(ONE, "Number of units in the group."),
        balance_share=(ONE, "Share of the units that are in the group."),
        balance_size_expected=(
            ONE,
            "Mean number of units in the group if those that are active for each choice were dealt independently of "
            "the other choice.",
        ),
        balance_lead_total=(ONE, 'Sum over the group of the units\' weights in logit "+" minus logit "-".'),
        balance_constant_curves=(ONE, "Units that are left out of heterogeneity since their tuning curve is constant."),
    ),
    **over(
        "balance_of",
        balance_overlap_p=(
            ONE,
            "Two-sided p of the groups' sizes if the units that are active for each choice were dealt "
            "independently (Fisher's exact test).",
        ),
        balance_entropy=("bits", "Entropy of the groups: 0 where all units share one, 2 where the four are equal."),
        balance_entropy_expected=(
            "bits",
            "Mean entropy of the groups if the units that are active for each choice were dealt independently.",
        ),
        balance_entropy_p=(
            ONE,
            "Two-sided p of the entropy if the units that are active for each choice were dealt independently.",
        ),
        balance_imbalance=(
            ONE,
            "(n+ - n-) / (n+ + n-) of the sizes of the groups G_+ and G_-; NaN where both are empty.",
        ),
        balance_imbalance_p=(
            ONE,
            "Exact binomial p of balance_imbalance: one half of the units in each of the two groups.",
        ),
        balance_imbalance_reason=(TEXT, "Why balance_imbalance is NaN; empty where it is not."),
        balance_drive_asymmetry=(
            ONE,
            '(d+ - d-) / (|d+| + |d-|), with d+ what drives "+" in its own attractor (balance_drive_total there) and '
            'd- what drives "-" in its own.',
        ),
        balance_drive_asymmetry_reason=(TEXT, "Why balance_drive_asymmetry is NaN; empty where it is not."),
    ),
    **over(
        "balance_of target_group source_group",
        balance_block_pairs=(ONE, "Number of weights from one group to the other, those of a unit to itself left out."),
        balance_block_total=(
            ONE,
            "Sum of the weights from the units of one group to those of the other, those of a unit to itself left out.",
        ),
    ),
    **_with_null(
        "block_mean",
        "target_group source_group",
        "Mean weight from the units of one group to those of the other, those of a unit to itself left out.",
    ),
    **_with_null(
        "block_positive",
        "target_group source_group",
        "Share of positive weights among those from the units of one group to those of the other.",
    ),
    **_with_null("lead_mean", "functional_group", 'Mean over the group of the weights in logit "+" minus logit "-".'),
    **_with_null(
        "drive",
        "choice functional_group",
        'The group\'s part in logit "+" minus logit "-" in the attractor of the choice: sum of weight times activity.',
    ),
    **over("balance_of choice", balance_drive_total=(ONE, "Sum of balance_drive over the groups.")),
    **over(
        "balance_of weighting unit",
        balance_excitation=(ONE, "Sum of the positive weights into the unit, its own left out."),
        balance_inhibition=(
            ONE,
            "Sum of the negative weights into the unit, its own left out, as a number of 0 or more.",
        ),
        balance_ei_index=(ONE, "(E - I) / (E + I) of the unit's excitation and inhibition; NaN where it has neither."),
        balance_ei_index_reason=(TEXT, "Why balance_ei_index is NaN; empty where it is not."),
    ),
    **_with_null("ei_mean", "weighting functional_group", "Mean of balance_ei_index over the group."),
    **_with_null("ei_spread", "weighting functional_group", "Standard deviation of balance_ei_index over the group."),
    **_with_null(
        "heterogeneity",
        "functional_group",
        "1 minus the mean correlation of the tuning curves of two units of the group: 0 where all are alike, 1 where "
        "they are unrelated.",
    ),
    **_with_null(
        "activity_variation",
        "functional_group",
        "Standard deviation over mean of the activity of the group's units, averaged over the choices.",
    ),
}
