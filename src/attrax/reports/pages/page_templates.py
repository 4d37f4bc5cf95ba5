"""The templates of the pages, and what is put into them."""

import json
from typing import Any

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs


def template(name: str) -> jinja2.Template:
    """Return a page's template; a name in it that the page does not get is an error, and so is a number that is none.

    Figures are drawn by ``plotly.html``, the one place that brings plotly and says which of its buttons there are.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attrax.reports"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}
    environment.globals["plotly"] = lambda: Markup(get_plotlyjs())
    return environment.get_template(name)


def embed(figures: dict[str, Any]) -> Markup:
    """Return figures as JSON that is safe inside a script element."""
    text = "{" + ", ".join(f"{json.dumps(name)}: {figure.to_json()}" for name, figure in figures.items()) + "}"
    return Markup(text.replace("</", "<\\/"))
