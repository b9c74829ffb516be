"""The templates, with the settings that keep what they show harmless."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jinja2
from markupsafe import Markup

from reports.locale import Locale
from reports.text import shown


def fill(name: str, variables: Mapping[str, Any], clean: Callable[[str], str] = shown) -> str:
    """The template of that name, filled in: every text cleaned and escaped, a variable that is missing is an error.

    `clean`: what makes a text fit to be shown.
    """
    return _environment(clean).get_template(name).render(variables)


def frame(locale: Locale, paper: str, program_version: str, *, for_paper: bool = False) -> dict[str, Any]:
    """The variables that every page has. `for_paper`: a renderer that knows neither screens nor browsers prints it."""
    return {
        "for_paper": for_paper,
        "lang": locale.page_tag,
        "date_lang": locale.tag,
        "paper": {"A4": "A4", "Letter": "letter"}[paper],
        "program_version": program_version,
    }


@cache
def _environment(clean: Callable[[str], str]) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        autoescape=True,  # select_autoescape() goes by the file's ending and would skip *.html.j2
        undefined=jinja2.StrictUndefined,
        finalize=partial(_cleaned, clean=clean),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _cleaned(value: object, clean: Callable[[str], str]) -> object:
    """What an expression of the template puts on the page: text cleaned, markup of our own macros as it is."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
