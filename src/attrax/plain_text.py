"""Words for terminals and files that cannot show all of Unicode: "delta = 0.1" where "δ = 0.1" cannot be.

A terminal in Latin-1, in Windows' code page or in ASCII must not end a run with a UnicodeEncodeError after its work is
done. So what a stream cannot show is written in plain letters there.
"""

import codecs
import sys
import unicodedata

INTERRUPTED = "attrax: interrupted; what was finished is kept, and the same command goes on from there"
_ERRORS = "attrax.plain"
_WORDS = {
    "δ": "delta", "λ": "lambda", "γ": "gamma", "α": "alpha", "θ": "theta", "σ": "sigma", "τ": "tau",
    "−": "-", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "×": "x", "·": ".", "•": "*",
    "≤": "<=", "≥": ">=", "±": "+-", "→": "->", "│": "|", "─": "-", "╭": "+", "╮": "+", "╰": "+", "╯": "+",
    "━": "=", "╸": "=", "╺": "-",
}  # fmt: skip


def in_plain_letters(text: str) -> str:
    """Return a text in ASCII: each other character by a word or its nearest letters, and by ? where there are none."""
    return "".join(character if character.isascii() else _plain(character) for character in text)


def _plain(character: str) -> str:
    if character in _WORDS:
        return _WORDS[character]
    nearest = unicodedata.normalize("NFKD", character).replace("\N{MINUS SIGN}", "-")
    return nearest.encode("ascii", "ignore").decode() or "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_plain_letters(error.object[error.start : error.end]), error.end


def show_what_can_be_shown() -> None:
    """Let this process's output streams write in plain letters what their encoding has not."""
    codecs.register_error(_ERRORS, _replace)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # streams that tests or notebooks put there have none
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)
