"""Weights that PyTorch saved; needs the extra `torch`."""

import importlib.util
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from attrax.networks.own_weights import looks_pickled, require_file
from attrax.settings import SettingsError, require

_ENDINGS = (".pt", ".pth", ".ckpt")
_INSTEAD = "in PyTorch, torch.save(model.state_dict(), FILE) saves weights alone"


def reads(path: Path) -> bool:
    """Whether a file is PyTorch's, by its name."""
    return path.suffix.lower() in _ENDINGS


def read_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """Read the tensors of a file that `torch.save` wrote, without running anything in it.

    Parameters
    ----------
    path
        A state_dict, or a mapping with state_dicts in it, as checkpoints have.

    Returns
    -------
    Name to array, float64 where PyTorch has some other floating type. Names inside inner mappings are joined by dots.

    Raises
    ------
    SettingsError
        If there is no such file, PyTorch is missing, or the file holds more than tensors and plain values: it is
        opened with weights only.
    """
    path = Path(path)
    require_file(path)
    require(
        importlib.util.find_spec("torch") is not None,
        f"{path} is PyTorch's: pip install 'attrax[torch]' to read it, or save the state_dict as .safetensors "
        "(safetensors.torch.save_file) or .npz, which need no PyTorch here",
    )
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it then refuses
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        of_objects = "TorchScript" in str(error) if isinstance(error, RuntimeError) else looks_pickled(path)
        if not of_objects:
            raise SettingsError(f"{path} is damaged, or no file of PyTorch; {_INSTEAD}") from None
        message = f"{path} holds Python objects, which can run code when they are opened, so it is refused; {_INSTEAD}"
        raise SettingsError(message) from None
    except Exception as error:  # whatever a damaged file makes of itself
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}); {_INSTEAD}") from None
    require(isinstance(content, Mapping), f"{path} holds a {type(content).__name__}, not a state_dict; {_INSTEAD}")
    tensors = {
        name: value.detach() for name, value in _flattened(content) if isinstance(value, torch.Tensor) and _plain(value)
    }
    return {
        name: (tensor.double() if tensor.is_floating_point() else tensor).numpy() for name, tensor in tensors.items()
    }


def _flattened(content: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{name}.")
        else:
            yield name, value


def _plain(tensor: Any) -> bool:
    """Whether a tensor is stored as plain numbers: neither sparse nor quantised."""
    return str(tensor.layout) == "torch.strided" and not tensor.is_quantized
