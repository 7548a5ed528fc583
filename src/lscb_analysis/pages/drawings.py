"""A figure as SVG that may stand in a page: its ids its own, its text text in the page's font."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files

from markupsafe import Markup
from matplotlib import rc_context, rc_params_from_file, rcParamsDefault
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, CONTEXT = "#0B0C0C", "#BFBFBF"

_OFFICIAL = str(files("afcharts") / "afcharts.mplstyle")
_DEFAULTS = {name: rcParamsDefault[name] for name in rcParamsDefault if not name.startswith("backend")}
_STYLE = _DEFAULTS | dict(rc_params_from_file(_OFFICIAL, use_default_template=False))
_STYLE |= {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 15,
    "axes.labelsize": 15,
    "axes.titlesize": 15,
    "xtick.labelsize": 15,
    "ytick.labelsize": 15,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": CONTEXT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.edgecolor": CONTEXT,
    "grid.color": "#E5E6E7",
    "lines.linewidth": 2.5,
}
"""Matplotlib's own settings, whatever the user's are; the Analysis Function's style; what a page asks for."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def svg(draw: Callable[[Figure], None], width: int, height: int, name: str) -> Markup:
    """Return what `draw` draws on a figure of `width` by `height` CSS pixels, as inline SVG.

    Its bytes depend on its input alone. It is labelled by the element `<name>-headline` of the page
    and described by `<name>-text`; the groups of its axis ticks have the class `tick`.
    """
    with rc_context(_STYLE | {"svg.hashsalt": f"{name}-{width}"}):
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
        canvas = FigureCanvasSVG(figure)
        draw(figure)
        _place_no_empty_labels(figure)
        drawn = io.StringIO()
        canvas.print_svg(drawn, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(drawn.getvalue())
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    _own_ids(root, f"{name}-{width}")
    _page_font(root)
    _lighten(root)
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "width": str(width),
        "role": "img",
        "aria-labelledby": f"{name}-headline",
        "aria-describedby": f"{name}-text",
    }
    return Markup(ET.tostring(root, encoding="unicode"))


def _place_no_empty_labels(figure: Figure) -> None:
    """Spare each axis without a name the search for where it could stand: every tick is measured for that."""
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        if not axis.get_label_text():
            axis.set_label_coords(0, 0)


def _own_ids(root: ET.Element, prefix: str) -> None:
    """Keep the ids that something refers to, with a prefix; the others would only clash on a page."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {reference for value in values for reference in _references(value)}
    for element in root.iter():
        own = element.attrib.pop("id", None)
        for key, value in element.attrib.items():
            for reference in _references(value):
                element.set(key, value.replace(f"#{reference}", f"#{prefix}-{reference}"))
        if own in used:
            element.set("id", f"{prefix}-{own}")
        elif own and "tick_" in own:
            element.set("class", "tick")


def _references(value: str) -> list[str]:
    if value.startswith("#"):
        return [value[1:]]
    return [part.split(")")[0] for part in value.split("url(#")[1:]]


def _page_font(root: ET.Element) -> None:
    for text in root.iter(f"{{{_SVG}}}text"):
        rules = [rule.strip() for rule in text.get("style", "").split(";")]
        text.set("style", "; ".join(rule for rule in rules if not rule.startswith("font-family")))


def _lighten(parent: ET.Element) -> None:
    """Leave out the groups that say nothing, though not what is in them, and the blanks between elements."""
    inside: list[ET.Element] = []
    for child in parent:
        _lighten(child)
        inside += child if child.tag == f"{{{_SVG}}}g" and not child.attrib else [child]
        child.tail = None
    parent[:] = inside
    if not (parent.text or "").strip():
        parent.text = None
