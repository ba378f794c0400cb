"""What a length and several views add on a rendered set: `evidence.py SET [--release DIR]`."""

import argparse
import json
from pathlib import Path

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import read_release, shipped_release
from wreckid.serving.classifier import Classifier
from wreckid.training.gains import gains


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path, help="A rendered set that the release has not seen.")
    parser.add_argument("--release", type=Path, help="A release folder; the shipped one if unset.")
    parser.add_argument("--seed", type=int, default=1, help="Of the errors added to lengths.")
    asked = parser.parse_args()
    release = read_release(asked.release) if asked.release else shipped_release()
    found = gains(Classifier(release, catalogue()), asked.set, asked.seed)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
