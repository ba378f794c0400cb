"""What happens to a picture at random before the network learns from it."""

import torch
from torch import Tensor
from torchvision.transforms import v2

from wreckid.model.looking import Box, in_shape
from wreckid.model.preprocessing import InputSpec

WHOLE = 0.4
"""Share of pictures that are looked at whole, however small the wreck is in them."""


def augmentation(spec: InputSpec) -> v2.Compose:
    """From uint8[3, H, W] to a normalised float32[3, size, size], at random.

    A crop of a small picture is blurred by being enlarged, where a photo is made smaller and stays
    sharp: enlarged as the service does it, and half of them sharpened.
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(
                spec.size, (0.7, 1.0), (0.75, 1.33), v2.InterpolationMode.BICUBIC, antialias=True
            ),
            v2.RandomAdjustSharpness(3.0, p=0.5),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.RandomRotation(20, v2.InterpolationMode.BILINEAR, fill=127)], p=0.3),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
            v2.RandomGrayscale(0.15),
            v2.RandomChoice(
                [
                    v2.RandomAutocontrast(),
                    v2.RandomEqualize(),
                    v2.RandomPosterize(4),
                    v2.GaussianBlur(5, sigma=(0.3, 2.0)),
                ]
            ),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(spec.mean), list(spec.std)),
            v2.RandomErasing(p=0.3, scale=(0.02, 0.2), value="random"),
        ]
    )


def approached(image: Tensor, box: Box | None) -> Tensor:
    """Step nearer to what a box in pixels surrounds, by a random way, within photos' shapes.

    Returns:
        A part of the image, uint8[3, h, w], that holds the whole box; at times the whole image.
    """
    if box is None or torch.rand(()) < WHOLE:
        return image
    height, width = image.shape[1:]
    (left, right), (top, bottom) = _ends(box[0], box[2], width), _ends(box[1], box[3], height)
    left, top, right, bottom = in_shape((left, top, right, bottom), (width, height))
    return image[:, top:bottom, left:right]


def _ends(low: int, high: int, size: int) -> tuple[int, int]:
    """Ends of a stretch between a whole side and a part of it, each at a random place between."""
    near, far = torch.rand(2).tolist()
    return int(low * near), int(size - (size - high) * far)
