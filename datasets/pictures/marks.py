"""What people and phones put on a photo: watermarks, captions, circles, arrows, bars."""

import numpy as np
from PIL import Image, ImageDraw

from wreckid.datasets.lettering import font

Rng = np.random.Generator

WORDS = (
    *("Обломки БПЛА", "Место падения", "Фото очевидца", "Прислано подписчиком", "Срочно!"),
    *("Уламки дрона", "Сьогодні вранці", "Фото з місця події", "Підписатися", "ДСНС"),
    *("Wreckage", "Breaking news", "Photo: handout", "Press service", "Source: Telegram"),
    *("Exclusive", "Forwarded message", "Crash site", "News 24", "Live"),
)
COLOURS = ("white", "yellow", "black", "#d02020")


def watermark(image: Image.Image, rng: Rng) -> Image.Image:
    """A half transparent name of a channel, once or all over."""
    width, height = image.size
    layer = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(layer)
    text, letters = _text(rng), font(int(height * rng.uniform(0.05, 0.12)) + 4)
    fill = (255, 255, 255, int(rng.uniform(50, 190)))
    if rng.random() < 0.3:
        for y in np.arange(0, height, 0.25 * height):
            for x in np.arange(-0.2 * width, width, 0.5 * width):
                pen.text((x + 0.4 * y, y), text, fill=fill, font=letters)
    else:
        x, y = rng.uniform(0, 0.5) * width, rng.choice([0.03, 0.45, 0.85]) * height
        pen.text((x, y), text, fill=fill, font=letters)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def caption(image: Image.Image, rng: Rng) -> Image.Image:
    """Words on the picture or on a band at its edge."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    width, height = image.size
    size = int(height * rng.uniform(0.05, 0.09)) + 4
    top = int(rng.choice([0.02, 0.84]) * height)
    colour = COLOURS[rng.integers(len(COLOURS))]
    if rng.random() < 0.5:
        pen.rectangle([0, top, width, top + int(1.5 * size)], fill="black")
        colour = "white"
    pen.text((rng.uniform(0.02, 0.3) * width, top), _text(rng), fill=colour, font=font(size))
    return image


def circle(image: Image.Image, rng: Rng) -> Image.Image:
    """An ellipse drawn around something."""
    image = image.copy()
    middle, half = rng.uniform(0.3, 0.7, 2) * image.size, rng.uniform(0.1, 0.35, 2) * image.size
    box = [float(edge) for edge in (*(middle - half), *(middle + half))]
    ImageDraw.Draw(image).ellipse(box, outline="red", width=_stroke(image, rng))
    return image


def arrow(image: Image.Image, rng: Rng) -> Image.Image:
    """An arrow that points at something near the middle."""
    image = image.copy()
    pen, stroke = ImageDraw.Draw(image), _stroke(image, rng)
    turn, side = rng.uniform(0, 2 * np.pi), min(image.size)
    way = np.array([np.cos(turn), np.sin(turn)])
    tip = np.array(image.size) / 2 + way * side * rng.uniform(0.05, 0.2)
    tail = tip + way * side * rng.uniform(0.15, 0.3)
    across = np.array([-way[1], way[0]]) * 2.5 * stroke
    head = [tip, tip + way * 5 * stroke + across, tip + way * 5 * stroke - across]
    colour = ("red", "red", "yellow")[rng.integers(3)]
    pen.line([*tail.tolist(), *tip.tolist()], fill=colour, width=stroke)
    pen.polygon([float(value) for point in head for value in point], fill=colour)
    return image


def bars(image: Image.Image, rng: Rng) -> Image.Image:
    """Bands above and below, as a screenshot or a film has them."""
    image = image.copy()
    pen = ImageDraw.Draw(image)
    width, height = image.size
    shade = ("black", "black", "white", "#17212b", "#ece5dd")[rng.integers(5)]
    top, bottom = (int(share * height) for share in rng.uniform(0.03, 0.14, 2))
    pen.rectangle([0, 0, width, top], fill=shade)
    pen.rectangle([0, height - bottom, width, height], fill=shade)
    if rng.random() < 0.6:
        _interface(pen, width, height, (top, bottom), rng)
    return image


def _interface(
    pen: ImageDraw.ImageDraw, width: int, height: int, edges: tuple[int, int], rng: Rng
) -> None:
    """Clock, name and battery above, buttons below."""
    top, bottom = edges
    grey = "#8a9299"
    clock = f"{rng.integers(24):02d}:{rng.integers(60):02d}"
    pen.text((0.03 * width, 0), clock, fill=grey, font=font(max(6, int(0.6 * top))))
    pen.text((0.3 * width, 0), _text(rng), fill=grey, font=font(max(6, int(0.6 * top))))
    pen.rectangle([0.9 * width, 0.25 * top, 0.97 * width, 0.7 * top], fill=grey)
    for x in np.linspace(0.1, 0.9, rng.integers(3, 6)) * width:
        radius, y = 0.2 * bottom, height - 0.5 * bottom
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], outline=grey, width=1)


def _text(rng: Rng) -> str:
    return WORDS[rng.integers(len(WORDS))]


def _stroke(image: Image.Image, rng: Rng) -> int:
    return max(1, int(min(image.size) * rng.uniform(0.008, 0.025)))
