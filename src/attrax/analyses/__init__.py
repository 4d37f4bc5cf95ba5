"""One trained network on its task: planes, atlases, basins, trials, units, perturbations."""

from typing import TYPE_CHECKING

from attrax.analyses.perturbation_settings import PerturbationSettings
from attrax.analyses.settings import PlaneSettings, PopulationSettings
from attrax.rooms import names_of

if TYPE_CHECKING:
    from attrax.analyses.decision_groups import map_groups
    from attrax.analyses.decision_sides import trial_sides, wrong_side
    from attrax.analyses.disturbed_trials import trial_outcomes
    from attrax.analyses.evidence_weights import psychophysical_kernel, regress_on_noise
    from attrax.analyses.lesions import cut, perturb_weights, silence
    from attrax.analyses.mode_removal import damp, damp_random, oscillating_mode
    from attrax.analyses.network_on_task import NetworkOnTask
    from attrax.analyses.perturbations import map_perturbations
    from attrax.analyses.psychometric_fit import PsychometricFit, fit_psychometric
    from attrax.analyses.psychometrics import psychometric
    from attrax.analyses.stage_atlases import map_atlases, stage_atlas
    from attrax.analyses.stage_basins import basins_of_stage
    from attrax.analyses.stage_planes import map_planes, plane_shares
    from attrax.analyses.training_course import map_course
    from attrax.analyses.trial_groups import groups_in_trials
    from attrax.analyses.trial_states import states_of_trials
    from attrax.analyses.unit_analysis import map_units
    from attrax.analyses.unit_course import map_unit_course
    from attrax.analyses.unit_recording import record_units

_PLACES = {
    "decision_groups": ("map_groups",),
    "decision_sides": ("trial_sides", "wrong_side"),
    "disturbed_trials": ("trial_outcomes",),
    "evidence_weights": ("psychophysical_kernel", "regress_on_noise"),
    "lesions": ("cut", "perturb_weights", "silence"),
    "mode_removal": ("damp", "damp_random", "oscillating_mode"),
    "network_on_task": ("NetworkOnTask",),
    "perturbations": ("map_perturbations",),
    "psychometric_fit": ("PsychometricFit", "fit_psychometric"),
    "psychometrics": ("psychometric",),
    "stage_atlases": ("map_atlases", "stage_atlas"),
    "stage_basins": ("basins_of_stage",),
    "stage_planes": ("map_planes", "plane_shares"),
    "training_course": ("map_course",),
    "trial_groups": ("groups_in_trials",),
    "trial_states": ("states_of_trials",),
    "unit_analysis": ("map_units",),
    "unit_course": ("map_unit_course",),
    "unit_recording": ("record_units",),
}
__all__ = [
    "NetworkOnTask",
    "PerturbationSettings",
    "PlaneSettings",
    "PopulationSettings",
    "PsychometricFit",
    "basins_of_stage",
    "cut",
    "damp",
    "damp_random",
    "fit_psychometric",
    "groups_in_trials",
    "map_atlases",
    "map_course",
    "map_groups",
    "map_perturbations",
    "map_planes",
    "map_unit_course",
    "map_units",
    "oscillating_mode",
    "perturb_weights",
    "plane_shares",
    "psychometric",
    "psychophysical_kernel",
    "record_units",
    "regress_on_noise",
    "silence",
    "stage_atlas",
    "states_of_trials",
    "trial_outcomes",
    "trial_sides",
    "wrong_side",
]

__getattr__ = names_of(__name__, _PLACES)


def __dir__() -> list[str]:
    return list(__all__)
