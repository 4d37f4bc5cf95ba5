"""Columns of the timing: what depends on the machine."""

from attrax.studies.columns.described import ONE, TEXT, Column

TIMING: dict[str, Column] = {
    "network": Column(TEXT, "Name of the network, as in the summary."),
    "training_seconds": Column(
        "seconds",
        "Training, compiling included; of networks that were trained side by side, the share of the batch's time until "
        "the network was there.",
    ),
    "planes_seconds": Column(
        "seconds",
        "All analyses: planes and groups, and atlases, course, units and causes where they were asked for. After an "
        "interruption, those of the last run alone.",
    ),
    "host": Column(TEXT, "Name of the machine."),
    "processor": Column(TEXT, "Model of the processor, with the maker's numbers: virtual machines name it badly."),
    "instruction_sets": Column(
        TEXT,
        "Instruction sets of the processor that compiled programs choose between, with spaces between; empty where "
        "nothing tells.",
    ),
    "threads": Column(ONE, "How many threads one operation may have been shared among."),
    "device": Column(TEXT, 'What JAX computed on: "cpu", or the model of a GPU.'),
    "platform": Column(TEXT, "Operating system and its version."),
    "python": Column(TEXT, "Version of Python."),
    "commit": Column(
        TEXT, 'Commit of the source; "+" behind it: with changes. Empty where the source was no checkout.'
    ),
    "code": Column(TEXT, "Hash of the source that a network's numbers depend on."),
    "version_attrax": Column(TEXT, "Version of attrax."),
    "version_jax": Column(TEXT, "Version of JAX."),
    "version_jaxlib": Column(TEXT, "Version of jaxlib, which holds JAX's compiler."),
    "version_equinox": Column(TEXT, "Version of Equinox, which networks are made with."),
    "version_optax": Column(TEXT, "Version of Optax, which optimises."),
    "version_numpy": Column(TEXT, "Version of NumPy."),
    "version_scipy": Column(TEXT, "Version of SciPy."),
    "version_xarray": Column(TEXT, "Version of xarray."),
}
