"""Pictures as a part of the page: pixels as they are, in rows of three, each with its words.

They need no script in the browser.
"""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

# (data URI, alt text, caption as HTML)
Cell = tuple[str, str, str]


def picture(image: np.ndarray) -> str:
    """Return a picture (H, W, 3) uint8 as a data URI that holds a PNG: without loss, since a
    perturbation is finer than what JPEG keeps.

    Streamlit forgets a picture's own address as soon as another stands in its place; a browser that
    is slow would ask for it in vain.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def said_of(name: str, sure: str, is_right: bool) -> str:
    """Return what a model says of a picture and how `sure` it is, marked
    right or wrong, as HTML.
    """
    mark = '<b class="right">✓</b>' if is_right else '<b class="wrong">✗</b>'
    return f"{mark} {escape(name)}, {sure}"


def rows_of_three(cells: list[Cell], kind: str = "followed") -> str:
    """Return the pictures as HTML of the class `kind`: "followed" has its words
    beneath, "attacked" above.

    One element for all: a refresh that brings nothing new then sends its name only, and a slow
    browser never asks for a picture that is gone.
    """
    figures = (
        f'<figure><img src="{source}"'
        f' alt="{escape(alt)}"><figcaption>{caption}</figcaption></figure>'
        for source, alt, caption in cells
    )
    return f'<div class="{kind}">{"".join(figures)}</div>'
