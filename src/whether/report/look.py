"""What all our pages share: templates that escape whatever is put in, and colours as variables for light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whether.report import numbers
from whether.report.style import DARK, LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(package: str) -> Environment:
    """The templates in a package's folder `templates`: everything put in is escaped, a missing name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_tidy,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def colours() -> str:
    """Our colours as CSS variables named after their roles (`style.LIGHT`), light unless a screen asks for dark."""
    light, dark = (_variables(tones) for tones in (LIGHT, DARK))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"


def stylesheet(package: str, file: str) -> str:
    """Our colours, and the rules in a file of a package's folder `templates`."""
    from importlib.resources import files

    return f"{colours()}\n{files(package).joinpath('templates', file).read_text(encoding='utf-8')}"


def _tidy(value: Any) -> Any:
    """Clean what is put into a page, unless a template vouches for it."""
    return numbers.clean(value) if type(value) is str else value


def _variables(tones: Mapping[str, str]) -> str:
    return " ".join(f"--{role}: {tone};" for role, tone in tones.items())
