"""Robustness: accuracy under noise on the state, noise on the weights and lesions at random, over their sizes."""

import numpy as np
import xarray as xr
from jaxtyping import Float

from attrax.analyses.lesions import perturb_weights, silence
from attrax.analyses.perturbed_trials import PerturbedTrials, overall, root_mean_square_activity

_SCALE_TRIALS = 200


def robustness(trials: PerturbedTrials) -> xr.Dataset:
    """Return the fields of `map_perturbations` about noise, noisy weights and lesions at random."""
    settings, network = trials.settings, trials.network
    activity = float(root_mean_square_activity(trials.task, network, trials.key, min(_SCALE_TRIALS, settings.trials)))
    noise = np.array([trials.accuracy(network, state_noise=size * activity) for size in settings.noise_sizes])
    keys = [trials.draw_key("noise on weights", draw) for draw in range(settings.draws)]
    weights = np.array(
        [[trials.accuracy(perturb_weights(network, size, key)) for key in keys] for size in settings.weight_sizes]
    )
    orders = trials.unit_orders()
    lesions = np.array(
        [
            [trials.accuracy(silence(network, order[: round(share * network.n_hidden)])) for order in orders]
            for share in settings.lesion_shares
        ]
    )

    def area(sizes: tuple[float, ...], accuracies: np.ndarray) -> float:
        right = overall(accuracies, trials.counts)
        return _area(sizes, right.mean(axis=1) if right.ndim > 1 else right)

    return xr.Dataset(
        {
            "cause_activity": activity,
            "cause_noise": (("cause_noise_size", "cause_strength"), noise),
            "cause_weights": (("cause_weight_size", "cause_draw", "cause_strength"), weights),
            "cause_lesions": (("cause_lesion_share", "cause_draw", "cause_strength"), lesions),
            "cause_noise_area": area(settings.noise_sizes, noise),
            "cause_weights_area": area(settings.weight_sizes, weights),
            "cause_lesions_area": area(settings.lesion_shares, lesions),
        }
    )


def _area(sizes: tuple[float, ...], accuracies: Float[np.ndarray, " sizes"]) -> float:
    """Return the mean of an accuracy over the logarithm of a size; of a single size its own."""
    if len(sizes) == 1:
        return float(accuracies[0])
    places = np.log(sizes)
    return float(np.trapezoid(accuracies, places) / (places[-1] - places[0]))
