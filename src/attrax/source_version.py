"""Which version of this package's source some numbers depend on."""

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


@cache
def source_version(*places: str, package: Path = _PACKAGE) -> str:
    """Return a hash of Python source: of rooms with all that is in them, however deep, and of single files.

    Parameters
    ----------
    places
        Rooms ("dynamics") and files ("keys.py") of the package, by their paths in it.
    package
        Where the package lies.

    Raises
    ------
    FileNotFoundError
        If there is no such room or file: it was renamed, and would leave the hash without a word.
    """
    digest = hashlib.sha256()
    for place in places:
        root = package / place
        files = sorted(root.rglob("*.py"), key=lambda file: file.relative_to(package).as_posix())
        for file in [root] if root.is_file() else files:
            name, content = file.relative_to(package).as_posix().encode(), file.read_bytes()
            # lengths keep apart what two files would otherwise pass on to each other
            digest.update(b"%d %d " % (len(name), len(content)) + name + content)
        if not root.is_file() and not files:
            raise FileNotFoundError(f"no source in {root}")
    return digest.hexdigest()
