"""A page run as a script: opened, read and used by its labels."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).parents[2] / "pages"


def page(name: str, **query: str) -> AppTest:
    """A page, with parameters of its URL."""
    app = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def parameter(app: AppTest, name: str) -> str:
    """A parameter of the page's URL."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def words(app: AppTest) -> str:
    """What the page says, as it is shown: without the marks that escape Markdown."""
    kinds = (
        app.markdown,
        app.caption,
        app.subheader,
        app.info,
        app.error,
        app.success,
        app.warning,
        app.text,
    )
    text = "\n".join(str(element.value) for kind in kinds for element in kind)
    return re.sub(r"\\(.)", r"\1", text)


def press(app: AppTest, label: str) -> None:
    """Press the first button of that label."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def field(app: AppTest, label: str):  # noqa: ANN201 - AppTest's own element type
    """The first text field of that label."""
    return next(element for element in app.text_input if element.label == label)
