"""Settings from plain mappings: every setting is a frozen dataclass, checked when it is made.

A mapping (a table of a TOML file) becomes a dataclass by the dataclass's own field types; anything that does
not fit is told in one line, with what would be right.
"""

import dataclasses
import difflib
import math
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, TypeVar

Settings = TypeVar("Settings")


class SettingsError(ValueError):
    """A setting that cannot be: one line that says what is wrong and what would be right."""

    keys: tuple[str | int, ...] = ()
    """Where the setting stands in the mapping that was read, from the outermost key on, as far as that is known."""


class StoppedError(RuntimeError):
    """Work that cannot go on, for no fault of what was asked: one line that says why and what to do."""


@contextmanager
def located(*keys: str | int) -> Iterator[None]:
    """Let errors of settings that are raised inside know under which keys they stand."""
    try:
        yield
    except SettingsError as error:
        error.keys = (*keys, *error.keys)
        raise


def require(condition: bool, message: str) -> None:
    """Raise `SettingsError` with `message` unless `condition` holds."""
    if not condition:
        raise SettingsError(message)


def check_fields(settings: Any) -> None:
    """Check every field of a settings dataclass against its type, at construction.

    Lists become tuples and whole numbers become numbers where the type says so; numbers must be finite.

    Raises
    ------
    SettingsError
        In one line: the field, the value, and what would be right.
    """
    hints = _hints(type(settings))
    for field in dataclasses.fields(settings):
        value = _convert(getattr(settings, field.name), hints[field.name], field.name)
        object.__setattr__(settings, field.name, value)  # the dataclasses are frozen


def _hints(cls: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> SettingsError:
    """Error for a misspelt name, with the nearest valid one (or all of them when none is near)."""
    choices = sorted(valid)
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "valid: " + ", ".join(choices)
    return SettingsError(f"unknown {kind} {name!r}; {hint}")


def from_mapping(cls: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Make a settings dataclass from a mapping.

    Parameters
    ----------
    cls
        The dataclass.
    values
        Field names and values, as a TOML parser gives them: lists stand for tuples, tables for dataclasses. A field may
        be called by its former name.
    where
        What the mapping is, for the message ("task", "learner 'ppo'").

    Raises
    ------
    SettingsError
        For an unknown name, a value of the wrong type, or a value that the dataclass itself refuses.
    """
    named = with_names_of_today(cls, values, where)
    hints = _hints(cls)
    fields = {field.name for field in dataclasses.fields(typing.cast(Any, cls)) if field.init}
    converted = {}
    for (name, value), written in zip(named.items(), values, strict=True):
        with located(written):
            if name not in fields:
                raise unknown_name(f"setting of {where}", str(name), fields)
            converted[name] = _convert(value, hints[name], f"{where}: {name}")
    missing = [
        field.name
        for field in dataclasses.fields(typing.cast(Any, cls))
        if field.init
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and field.name not in named
    ]
    require(not missing, f"{where}: {', '.join(missing)} must be given")
    try:
        return cls(**converted)
    except SettingsError as error:
        told = SettingsError(f"{where}: {error}")
        first = str(error).split(maxsplit=1)[0]  # a dataclass names the field first
        told.keys = tuple(written for name, written in zip(named, values, strict=True) if name == first)
        raise told from None


def with_names_of_today(cls: type[Any], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return values in their order, those that stand under a former name of a field under the one that it has now.

    A dataclass whose fields were renamed says so with a class variable ``former_names``: former name to field. Files
    that were written before are read for good; whoever reads one is told once.

    Raises
    ------
    SettingsError
        If one setting is given by both names.
    """
    former: Mapping[str, str] = getattr(cls, "former_names", {})
    named = {}
    for written, value in values.items():
        name = former.get(written, written)
        if name != written:
            with located(written):
                once = name not in values and name not in named
                require(once, f"{where}: {written} is a former name of {name}; leave one of them out")
            _say_renamed(written, name)
        named[name] = value
    return named


@cache
def _say_renamed(former: str, name: str) -> None:
    """Say it once in a process: a large study has the setting in every network's metadata."""
    print(f"attrax: the setting {former} is called {name} now; it is read as that", file=sys.stderr, flush=True)


def to_mapping(settings: Any) -> dict[str, Any]:
    """Write a settings dataclass as a mapping that `from_mapping` reads back (tuples as lists, no None)."""
    result: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value is not None:
            result[field.name] = _plain(value)
    return result


def to_effective_mapping(settings: Any) -> dict[str, Any]:
    """Write settings as `to_mapping`, those that have no effect at their defaults.

    Which these are, a dataclass says with a method ``inert``: names of its fields that compute nothing as its other
    fields stand. So equal computations have equal mappings.
    """
    mapping = to_mapping(settings)
    for field in dataclasses.fields(settings):
        if field.name in inert_fields(settings):
            made: Any = field.default_factory  # of a field that has either, or it could not be left out
            default = made() if field.default is dataclasses.MISSING else field.default
            mapping.pop(field.name, None)
            mapping |= {} if default is None else {field.name: _plain(default)}
    return mapping


def inert_fields(settings: Any) -> Mapping[str, str]:
    """Return the fields of settings that have no effect as the others stand, and the field because of which."""
    method = getattr(settings, "inert", None)
    return method() if callable(method) else {}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_mapping(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, arguments, where)
    if origin is Literal:
        if value not in arguments:
            if isinstance(value, str):
                error = unknown_name("value", value, map(str, arguments))
                raise SettingsError(f"{where}: {error}")
            raise _wrong_type(value, hint, where)
        return value
    if origin is tuple:
        return _convert_tuple(value, arguments, hint, where)
    if dataclasses.is_dataclass(hint):
        if isinstance(value, typing.cast(type, hint)):
            return value
        if not isinstance(value, Mapping):
            raise _wrong_type(value, hint, where)
        return from_mapping(typing.cast(type, hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise _wrong_type(value, hint, where)
    if hint is float:
        require(math.isfinite(value), f"{where}: {value} is not possible; needed: a finite number")
    return value


def _convert_union(value: Any, alternatives: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in alternatives:
        return None
    for alternative in alternatives:
        if dataclasses.is_dataclass(alternative) and isinstance(value, Mapping):
            return _convert(value, alternative, where)  # its own message is the helpful one
        try:
            return _convert(value, alternative, where)
        except SettingsError:
            continue
    raise _wrong_type(value, typing.Union[alternatives], where)  # noqa: UP007 (built at run time)


def _convert_tuple(value: Any, arguments: tuple[Any, ...], hint: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _wrong_type(value, hint, where)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_convert(item, arguments[0], where) for item in value)
    if len(value) != len(arguments):
        raise _wrong_type(value, hint, where)
    return tuple(_convert(item, kind, where) for item, kind in zip(value, arguments, strict=True))


_WORDS = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", type(None): None}


def _describe(hint: Any) -> str | None:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint]
    if origin in (typing.Union, types.UnionType):
        return " or ".join(word for word in map(_describe, arguments) if word)
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a list, each {_describe(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)}, each {_describe(arguments[0])}"
    names = ", ".join(field.name for field in dataclasses.fields(hint))
    return f"a table with {names}"


def _wrong_type(value: Any, hint: Any, where: str) -> SettingsError:
    return SettingsError(f"{where}: {value!r} is not possible; needed: {_describe(hint)}")
