"""On which side of a decision real trials are: where their states would go if the next stage lasted for ever."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from attrax.analyses.network_on_task import NetworkOnTask
from attrax.dynamics import Effort, classify
from attrax.dynamics.orbits.settling import settle
from attrax.tasks.trial import STAGES

_SAMPLE = 500  # steps over which the readout is averaged
_PLUS = 1


def trial_sides(
    on_task: NetworkOnTask,
    n_trials: int = 400,
    stages: tuple[str, ...] = STAGES[1:],
    effort: Effort | None = None,
    seed: int = 0,
    *,
    label: bool = False,
) -> xr.Dataset:
    """Follow the states that real trials are in when a stage begins to the attractors of that stage.

    Parameters
    ----------
    on_task
        A trained network, or one of its checkpoints, on its task.
    n_trials, seed
        Trials, as the task draws them: noise, durations, coherences and context, each from the zero state.
    stages
        At whose beginning the state is taken. Noise falls on the stimulus alone, so states of one context are all alike
        at its beginning, and differ at that of the delay and the decision.
    effort
        How long orbits are followed.
    label
        Whether to say also what kind of attractor each state goes to: that takes much longer where orbits oscillate.

    Returns
    -------
    Dataset over "stage" and "trial":

    side (stage, trial)
        The answer that the readout favours where the state ends up under the stage's constant, noise-free input, by the
        mean of its two logits over the last 500 steps: 1 for "+", -1 for "-", 0 for neither (it diverges).
    wrong (stage, trial)
        Whether that is the side of the wrong answer.
    kind (stage, trial)
        Of the attractor; empty without `label`.
    context, coherence (trial, modality), choice, answer
        Of each trial: `choice` is the right answer (1 for "+", 2 for "-"), `answer` the network's greedy one in the
        decision stage (0: none).

    Raises
    ------
    ValueError
        For a stage that does not exist, or no trials.
    """
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown or not stages:
        raise ValueError(f"stages are {stages!r}; they must be among {', '.join(STAGES)}")
    if n_trials < 1:
        raise ValueError(f"n_trials is {n_trials}; it must be 1 or more")
    trials = on_task.trial_states(n_trials, seed)
    effort = effort or Effort()
    sides = np.empty((len(stages), n_trials), int)
    kinds = np.full((len(stages), n_trials), "", dtype="U14")
    for row, stage in enumerate(stages):
        biases = np.empty((n_trials, len(on_task.weights)))
        for context in range(on_task.task.n_contexts):
            there = trials.context == context
            biases[there] = on_task.biases(stage, trials.coherence[there], context)
        before = STAGES.index(stage) - 1
        starts = trials.ends[STAGES[before]] if before >= 0 else np.zeros_like(biases)
        sides[row] = _sides(on_task, biases, starts, effort.settling_steps)
        if label:
            finite = np.isfinite(starts).all(axis=1)
            kinds[row, ~finite] = "divergent"
            kinds[row, finite] = classify(on_task.weights, biases[finite], on_task.leak, starts[finite], effort).kind
    right = np.where(trials.choice == _PLUS, 1, -1)
    return xr.Dataset(
        {
            "side": (("stage", "trial"), sides),
            "wrong": (("stage", "trial"), sides == -right),
            "kind": (("stage", "trial"), kinds),
            "context": ("trial", trials.context),
            "coherence": (("trial", "modality"), trials.coherence),
            "choice": ("trial", trials.choice),
            "answer": ("trial", trials.answer),
        },
        coords={"stage": list(stages)},
    )


def _sides(
    on_task: NetworkOnTask,
    biases: Float[np.ndarray, "trials units"],
    starts: Float[np.ndarray, "trials units"],
    settling_steps: int,
) -> Int[np.ndarray, " trials"]:
    """Return the sign of the mean lead of "+" over "-" where each orbit has settled; 0 where it has diverged."""
    mean, (lead, bias) = np.zeros(len(starts)), on_task.choice_lead
    for rows, recorded in settle(on_task.weights, biases, on_task.leak, starts, settling_steps, _SAMPLE):
        mean[rows] = (recorded @ lead + bias).mean(axis=0)
    return np.sign(mean).astype(int)


def wrong_side(sides: xr.Dataset) -> xr.Dataset:
    """Return the share of trials on the wrong side for each strength of the evidence that counts.

    Parameters
    ----------
    sides
        As `trial_sides` returns them.

    Returns
    -------
    Dataset over "stage" and "strength", the absolute coherence of the modality of the context:

    wrong_side (stage, strength)
        Share of trials that are on the wrong side when the stage begins, or on none.
    no_side (stage, strength)
        The share of those on none: under the stage's input they diverge.
    wrong_answer (strength)
        Share of trials with a wrong answer, or none.
    trials (strength)
        How many there are.
    """
    counted = np.abs(np.take_along_axis(sides.coherence.values, sides.context.values[:, None], axis=1)[:, 0])
    strengths = np.unique(counted)
    at = [counted == strength for strength in strengths]
    lost = sides.side.values == 0
    wrong, failed = sides.wrong.values | lost, sides.answer.values != sides.choice.values
    return xr.Dataset(
        {
            "wrong_side": (("stage", "strength"), np.stack([wrong[:, rows].mean(axis=1) for rows in at], axis=1)),
            "no_side": (("stage", "strength"), np.stack([lost[:, rows].mean(axis=1) for rows in at], axis=1)),
            "wrong_answer": ("strength", np.array([failed[rows].mean() for rows in at])),
            "trials": ("strength", np.array([rows.sum() for rows in at])),
        },
        coords={"stage": sides.stage, "strength": strengths},
    )
