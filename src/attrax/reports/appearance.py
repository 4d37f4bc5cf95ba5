"""How labels and learners look, the same in every figure.

Colours are Okabe and Ito's, which readers with any common colour blindness can tell apart; they differ in lightness
as well, and each label also has a letter.
"""

from typing import NamedTuple


class Look(NamedTuple):
    """Colour, letter and words of a label."""

    colour: str
    text_colour: str
    letter: str
    meaning: str


KIND_LOOKS = {
    "fixed point": Look("#DCE6EE", "#5F7282", "", "the orbit comes to rest (certified where that is possible)"),
    "cycle": Look(
        "#E69F00", "#000000", "C", "the orbit repeats with a finite period (certified where that is possible)"
    ),
    "quasi-periodic": Look("#0072B2", "#FFFFFF", "Q", "an invariant curve or torus, or a cycle longer than K"),
    "chaotic": Look("#CC79A7", "#000000", "X", "the largest exponent is positive, and the 0-1 test agrees"),
    "divergent": Look("#000000", "#FFFFFF", "D", "the activity grows without bound"),
    "undecided": Look("#FFFFFF", "#000000", "?", "no label has clear evidence"),
}
"""Label to look, in the order of legends."""

LEARNER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""For learners, in the order of the study."""

GROUP_LOOKS = {
    "G_a": Look("#009E73", "#FFFFFF", "Gₐ", "active for both choices"),
    "G_+": Look("#0072B2", "#FFFFFF", "G₊", "active for “+” only"),
    "G_-": Look("#D55E00", "#FFFFFF", "G₋", "active for “−” only"),
    "G_s": Look("#B8B8B8", "#000000", "Gₛ", "silent for both"),
    "": Look("#F2F2F2", "#000000", "?", "not known"),
}
"""Functional group to look, in the order of legends; the last where a network has no groups."""
