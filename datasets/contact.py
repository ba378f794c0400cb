"""A contact sheet: the first pictures of a rendered set side by side, with what they show."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from wreckid.datasets.lettering import font

COLUMNS = 6
SHOWN = 48
"""Most pictures on a sheet."""
TILE = 200
"""Side of a picture on the sheet in pixels."""
LINE = 18


def contact_sheet(place: Path, rows: Sequence[Mapping[str, Any]]) -> Image.Image:
    """Draw at most `SHOWN` pictures of a set, given its folder and the rows of its manifest."""
    shown = rows[:SHOWN]
    lines = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE, lines * (TILE + LINE)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(shown):
        x, y = number % COLUMNS * TILE, number // COLUMNS * (TILE + LINE)
        with Image.open(place / row["file"]) as picture:
            sheet.paste(picture.resize((TILE, TILE)), (x, y))
        pen.text((x + 3, y + TILE), f"{row['type']}, {row['damage']}", fill="black", font=font(11))
    return sheet
