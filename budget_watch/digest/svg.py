"""Writes a drawing as SVG, for HTML (inline) and later for PDF."""

from __future__ import annotations

from html import escape

from budget_watch.digest.drawing import Drawing, Line, Rect, Shape, Words, width


def svg(drawing: Drawing, alt: str, ident: str) -> str:
    """The drawing as one ``<svg>`` element with a title for screen readers."""
    body = "".join(_shape(shape) for shape in drawing.shapes)
    return (
        f'<svg viewBox="0 0 {_n(drawing.width)} {_n(drawing.height)}" role="img" '
        f'aria-labelledby="{ident}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{ident}">{escape(alt)}</title>{body}</svg>'
    )


def _shape(shape: Shape) -> str:
    if isinstance(shape, Rect):
        dash = ' stroke-dasharray="3 2"' if shape.dashed else ""
        return (
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.w)}" '
            f'height="{_n(shape.h)}" fill="{shape.fill or "none"}" '
            f'stroke="{shape.stroke or "none"}"{dash}/>'
        )
    if isinstance(shape, Line):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        dash = ' stroke-dasharray="5 3"' if shape.dashed else ""
        return (
            f'<polyline points="{points}" fill="none" stroke="{shape.stroke}" '
            f'stroke-width="{_n(shape.width)}"{dash}/>'
        )
    return _words(shape)


def _words(shape: Words) -> str:
    weight = ' font-weight="600"' if shape.bold else ""
    length = width(shape.text, shape.size)
    fit = f' textLength="{_n(length)}" lengthAdjust="spacingAndGlyphs"' if length > 24 else ""
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}" '
        f'text-anchor="{shape.anchor}" fill="{shape.colour}"{weight}{fit}>'
        f"{escape(shape.text)}</text>"
    )


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
