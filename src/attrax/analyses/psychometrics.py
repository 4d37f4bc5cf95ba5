"""How often a network answers "+", by the coherence that counts and by the one that does not."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from attrax.analyses.disturbed_trials import trial_outcomes
from attrax.analyses.psychometric_fit import PARAMETERS, fit_psychometric
from attrax.dynamics.attractors.basin_fractions import wilson_interval
from attrax.keys import derive_key
from attrax.learning.evaluation import IN_A_ROW
from attrax.networks import RecurrentNetwork
from attrax.settings import require
from attrax.tasks.staged_decision import StagedDecision

ROLES = ("counts", "does not count")
_PLUS = 1


def psychometric(
    task: StagedDecision, network: RecurrentNetwork, trials: int = 10_000, seed: int = 0, carry_hidden: bool = False
) -> xr.Dataset:
    """Measure a network's psychometric curves in each context, and fit them.

    Parameters
    ----------
    task, network
        What is asked, and who answers: greedily, the first action other than fixation in the decision stage.
    trials
        How many are drawn, as in training; a multiple of 10.
    seed
        Of the trials: others than those of training and of its evaluations.
    carry_hidden
        Whether a trial begins in the state in which the one before it was answered, over rows of 10; otherwise in zero,
        as the criterion of training has it.

    Returns
    -------
    Dataset over "context" (from 0), "role" ("counts", and "does not count" where the task has two modalities) and
    "coherence" (signed levels):

    answers, plus (context, role, coherence)
        How many trials at that coherence of the modality in that role were answered, and how many of them with "+".
    probability, low, high (context, role, coherence)
        P("+"), with its 95 % interval (binomial, by Wilson); NaN where there was no answer.
    ideal (coherence)
        P("+") of the ideal observer at the coherence that counts (see `StagedDecision.ideal_observer_choice`).
    unanswered (context)
        Share of trials without an answer in the decision stage: in none of the curves.
    threshold, slope, lapse, irrelevant_weight, deviance (context)
        As in `PsychometricFit`, fitted to both coherences at once; fit_low, fit_high (context, parameter), their
        intervals.

    Raises
    ------
    SettingsError
        For a number of trials that is no multiple of 10, or below it.
    """
    require(trials >= IN_A_ROW and trials % IN_A_ROW == 0, f"trials is {trials}; it must be a multiple of {IN_A_ROW}")
    key = derive_key(type(task).__name__, seed, "psychometric trials")
    outcomes = trial_outcomes(task, network, key, trials, carry_hidden)
    context, answer = np.asarray(outcomes.context), np.asarray(outcomes.answer)
    levels, ideal = task.ideal_observer_choice()
    nearest = np.abs(np.asarray(outcomes.coherence, float)[..., None] - levels).argmin(axis=-1)  # float32 was drawn
    roles = ROLES[: task.n_modalities]
    contexts = [_one_context(levels, nearest, context, answer, number, roles) for number in range(task.n_contexts)]
    result = xr.concat(contexts, dim="context").assign_coords(
        context=np.arange(task.n_contexts), coherence=levels, role=list(roles), parameter=list(PARAMETERS)
    )
    return result.assign(ideal=("coherence", ideal))


def _one_context(
    levels: Float[np.ndarray, " levels"],
    nearest: Int[np.ndarray, "trials modalities"],
    context: Int[np.ndarray, " trials"],
    answer: Int[np.ndarray, " trials"],
    number: int,
    roles: tuple[str, ...],
) -> xr.Dataset:
    here = context == number
    answered = here & (answer != 0)
    order = [number % nearest.shape[1], *(m for m in range(nearest.shape[1]) if m != number % nearest.shape[1])]
    by_role = nearest[answered][:, order[: len(roles)]]
    is_plus = answer[answered] == _PLUS
    shape = (levels.size,) * len(roles)
    cell = np.ravel_multi_index(tuple(by_role.T), shape)
    total = np.bincount(cell, minlength=levels.size ** len(roles))
    plus = np.bincount(cell[is_plus], minlength=levels.size ** len(roles))
    axes = [np.arange(len(roles)) != role for role in range(len(roles))]
    sums = [tuple(np.flatnonzero(others).tolist()) for others in axes]
    answers = np.stack([total.reshape(shape).sum(axis=away) for away in sums])
    of_plus = np.stack([plus.reshape(shape).sum(axis=away) for away in sums])
    bounds = np.full((2, *answers.shape), np.nan)
    for place in zip(*np.nonzero(answers), strict=True):
        bounds[(slice(None), *place)] = wilson_interval(int(of_plus[place]), int(answers[place]))
    grid = [values.ravel() for values in np.meshgrid(*[levels] * len(roles), indexing="ij")]
    fit = fit_psychometric(grid[0], plus, total, grid[1] if len(roles) > 1 else None)
    curve = ("role", "coherence")
    with np.errstate(invalid="ignore"):
        probability = of_plus / answers
    return xr.Dataset(
        {
            "answers": (curve, answers),
            "plus": (curve, of_plus),
            "probability": (curve, probability),
            "low": (curve, bounds[0]),
            "high": (curve, bounds[1]),
            "unanswered": 1.0 - answered.sum() / max(int(here.sum()), 1),
            "fit_low": ("parameter", fit.low),
            "fit_high": ("parameter", fit.high),
            "deviance": fit.deviance,
        }
        | {name: getattr(fit, name) for name in PARAMETERS}
    )
