"""Pictures as part of the page: exact pixels, in rows of three, each with a caption.

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
    """Return a picture (H, W, 3) uint8 as a data URI with a PNG: lossless, since JPEG would lose a
    perturbation.

    Streamlit forgets the address of a picture as soon as another one replaces it; a slow browser
    would then request it in vain.
    """
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def prediction_html(name: str, sure: str, is_right: bool) -> str:
    """Return as HTML the class that a model predicts and how `sure` it is, marked right or
    wrong.
    """
    mark = '<b class="right">✓</b>' if is_right else '<b class="wrong">✗</b>'
    return f"{mark} {escape(name)}, {sure}"


def rows_of_three(cells: list[Cell], kind: str = "followed") -> str:
    """Return the pictures as HTML of the class `kind`: "followed" has captions below, "attacked"
    above.

    All are one element: a refresh without news then only sends its name, and a slow browser never
    requests a picture that is gone.
    """
    figures = (
        f'<figure><img src="{source}"'
        f' alt="{escape(alt)}"><figcaption>{caption}</figcaption></figure>'
        for source, alt, caption in cells
    )
    return f'<div class="{kind}">{"".join(figures)}</div>'
