"""The folder of a study: made or gone on in, and checked for damage."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrax.checked_files import checksum, make_folders, write_whole
from attrax.parquet import to_frame
from attrax.progress import OnProgress, Step
from attrax.settings import SettingsError
from attrax.studies.index import FOLDER, open_index, settings_hash
from attrax.studies.shards import SHARDS, Shard, confirm_shards, set_aside, shards_in
from attrax.studies.study import Study
from attrax.studies.study_file import parse_study

STUDY_FILE = "study.toml"
_FIRST_LINE = "# As resolved by attrax, every default written out. Checksum of the lines below: "


def read_study_text(directory: Path) -> str:
    """Return the study of a folder as it is written there.

    Raises
    ------
    SettingsError
        If there is none, or it is no study.
    """
    file = directory / STUDY_FILE
    if not file.is_file():
        raise SettingsError(f"{directory} holds no study: there is no {STUDY_FILE} in it")
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not a text in UTF-8") from None
    if not _is_as_written(text):
        parse_study(text, str(file))  # written by hand or damaged: at least it is a study
    return text


def _is_as_written(text: str) -> bool:
    first, _, rest = text.partition("\n")
    return first == _FIRST_LINE + hashlib.sha256(rest.encode()).hexdigest()


def check_folder(directory: Path, study: Study) -> None:
    """Refuse a folder that a study must not be run in; nothing is changed.

    Raises
    ------
    SettingsError
        If the folder holds something else, or finished networks that this study has not: they would be lost from sight.
    """
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file; name a folder that is new or holds this study")
    if directory.is_dir() and any(directory.iterdir()):
        if not (directory / STUDY_FILE).is_file() and not (directory / SHARDS).is_dir():
            raise SettingsError(f"{directory} holds something else; name a folder that is new or holds this study")
        _check_same_study(directory, study)


def check_can_be_read_back(study: Study) -> None:
    """Refuse a study that would not be the same when it is read from its file, before anything is computed of it.

    Raises
    ------
    SettingsError
        If it cannot be read, or is another study then.
    """
    try:
        same = parse_study(study.to_toml()) == study
    except SettingsError as error:
        raise SettingsError(f"the study {study.name!r} could not be read back from its folder: {error}") from None
    if not same:
        raise SettingsError(
            f"the study {study.name!r} would be another one when it is read back from its folder; make it of settings "
            "as a study file has them (numbers, texts, lists), for instance by attrax.studies.parse_study"
        )


def make_folder(directory: Path) -> None:
    """Make the folder of a study.

    Raises
    ------
    SettingsError
        If it cannot be written.
    """
    try:
        make_folders(directory)
        make_folders(directory / SHARDS)
    except OSError as error:
        raise _not_writable(directory, error) from None


def write_study(directory: Path, study: Study) -> None:
    """Write a study into its folder, every default written out; raises as `make_folder`."""
    text = study.to_toml()
    content = f"{_FIRST_LINE}{hashlib.sha256(text.encode()).hexdigest()}\n{text}".encode()
    file = directory / STUDY_FILE
    if file.is_file() and file.read_bytes() == content:
        return
    try:
        write_whole(file, content)
    except OSError as error:
        raise _not_writable(directory, error) from None


def _not_writable(directory: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{directory} cannot be written: {error.strerror}; name another folder")


def _check_same_study(directory: Path, study: Study) -> None:
    try:
        text = read_study_text(directory)
        present = parse_study(text)
    except SettingsError:  # missing or damaged: it is written anew, and nothing says what study it was
        return
    if present.name != study.name:
        raise SettingsError(f"{directory} holds the study {present.name!r}, not {study.name!r}; name another folder")
    if present == study:
        return
    rows = to_frame(open_index(directory, text, lambda: present).table)
    if rows.empty:
        return
    wanted = {settings_hash(condition.settings_text) for condition in study.conditions()}
    lost = [place for place, made_by in zip(rows.position, rows.settings_hash, strict=True)
            if int(place) >= 0 and made_by not in wanted]  # fmt: skip
    if lost:
        title = present.conditions()[int(lost[0])].title
        raise SettingsError(
            f"{directory} holds {len(lost)} finished networks that this study has not (the first: {title}); "
            "keep them in the study, or name another folder"
        )


def verify(directory: Path, on_progress: OnProgress | None = None) -> list[str]:
    """Read every byte of a study's folder, and return what is not as it was written, in a line each.

    Parameters
    ----------
    directory
        The study's folder.
    on_progress
        Told how many shards have been read.

    Raises
    ------
    SettingsError
        If there is no study in the folder.
    """
    file = directory / STUDY_FILE
    shards = shards_in(directory)
    if not file.is_file() and not shards:
        raise SettingsError(f"{directory} holds no study: there is no {STUDY_FILE} in it")
    found = []
    if not file.is_file():
        found.append(f"{file} is missing; the next `attrax run` writes it again")
    elif not _is_as_written(file.read_bytes().decode("utf-8", errors="replace")):
        found.append(f"{file} is not as it was written; the next `attrax run` writes it again")
    for number, damage in enumerate(_damage(shards), 1):
        found += damage
        if on_progress is not None:
            on_progress(Step("shards read", number, len(shards)))
    named = [*directory.glob(f"{FOLDER}/[!.]*"), *directory.glob("unfinished/*/[!.]*")]
    found += [
        f"{path} is not as it was written; it is made again when it is needed"
        for path in named
        if not _is_named_right(path)
    ]
    return found


def _is_named_right(path: Path) -> bool:
    """Whether a file is what the checksum in its name says; one that a run has just removed is."""
    try:
        return path.name.split(".")[-2:-1] == [checksum(path.read_bytes())[:32]]
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _damage(shards: list[Shard]) -> list[list[str]]:
    with ThreadPoolExecutor(4) as threads:  # reading and hashing let go of Python's lock
        return list(threads.map(Shard.damage, shards))


def set_damaged_shards_aside(directory: Path) -> list[str]:
    """Move damaged shards out of the way; return what is wrong with them. Their networks are then missing."""
    shards = shards_in(directory)
    found = []
    for shard, damage in zip(shards, _damage(shards), strict=True):
        if damage:
            set_aside(directory, shard)
            found += damage
    confirm_shards(directory)
    return found
