"""Words in a picture, and the types that they name: a model may learn to read captions."""

import os
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.inscriptions import text_likelihood

SIDE = 512
"""Longest side in pixels of a picture that is read."""


def words(picture: Image.Image) -> str:
    """What can be read in an RGB picture, Latin letters above all; empty where nothing is."""
    found = _reader()(np.asarray(picture)[:, :, ::-1])  # It takes BGR.
    return " ".join(found.txts or ())


def types_named(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The types that a text names, the one it names most clearly first."""
    types = list(catalogue.types.values())
    log = text_likelihood(text, types).log
    ranked = np.argsort(-log, kind="stable")
    return tuple(types[index].id for index in ranked if log[index] > 0)


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR

    settings = {
        "Global.log_level": "error",
        "Global.use_cls": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": os.cpu_count() or 1,
    }
    return RapidOCR(params=settings)
