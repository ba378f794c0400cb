"""How far rendered pictures look like photos: `sharpness.py PICTURES PHOTOS`, two folders.

Prints the median of each figure, and the range that eight in ten pictures lie in. All pictures are
brought to one side first, as a network sees them. Where the two differ, a network can tell renders
from photos without looking at what they show.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from rich.console import Console
from rich.table import Table

Array = npt.NDArray[np.float64]

SIDE = 224
FINE, MIDDLE, COARSE = 0.7, 2.0, 6.0
"""Standard deviations in pixels of the blurs that part one size of detail from the next."""


def figures(image: Image.Image) -> dict[str, float]:
    """What a picture is like, of values from 0 to 255."""
    colour = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    grey = colour.convert("L")
    sharp = np.asarray(grey, float)
    fine, middle, coarse = (
        np.asarray(grey.filter(ImageFilter.GaussianBlur(blur)), float)
        for blur in (FINE, MIDDLE, COARSE)
    )
    return {
        "fine detail": float((sharp - fine).std()),
        "fine to middle detail": float((sharp - fine).std() / ((fine - middle).std() + 1e-6)),
        "middle to coarse detail": float((fine - middle).std() / ((middle - coarse).std() + 1e-6)),
        "contrast": float(sharp.std()),
        "brightness": float(sharp.mean()),
        "colourfulness": float(np.ptp(np.asarray(colour, float), axis=2).mean()),
    }


def summary(folder: Path) -> dict[str, Array]:
    """The 10th, 50th and 90th percentile of each figure over the pictures of a folder."""
    rows = []
    for file in sorted(folder.glob("*.jpg")):
        with Image.open(file) as image:
            rows.append(figures(image))
    return {name: np.percentile([row[name] for row in rows], [10, 50, 90]) for name in rows[0]}


def in_words(percentiles: Array) -> str:
    low, median, high = percentiles
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("photos", type=Path)
    arguments = parser.parse_args()
    pictures, photos = summary(arguments.pictures), summary(arguments.photos)
    table = Table("figure", str(arguments.pictures), str(arguments.photos))
    for name, three in pictures.items():
        table.add_row(name, in_words(three), in_words(photos[name]))
    Console().print(table)


if __name__ == "__main__":
    main()
