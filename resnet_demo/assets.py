"""Where the files that travel with the package lie: weights, examples, fonts."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(*parts: str) -> Path:
    """A path inside `assets/`: beside the package in a checkout, inside it in an installed wheel."""
    installed = _PACKAGE / "assets"
    return (installed if installed.is_dir() else _PACKAGE.parent / "assets").joinpath(*parts)
