"""Broken photos and broken forms for a while: the tests that make them up, from ever new seeds."""

import argparse
import re
import subprocess
import sys
import time
from itertools import count, takewhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "decoder": ("tests/unit/test_preprocessing.py", "never_raise"),
    "multipart door": ("tests/e2e/test_multipart.py", "broken_form or cut_or_altered"),
}
PASSED = re.compile(r"(\d+) passing,")


def examples(file: str, chosen: str, seed: int) -> int:
    """How many examples of some tests pass; a failure ends the run and is shown."""
    options = ["-q", f"--hypothesis-seed={seed}", "--hypothesis-show-statistics"]
    command = [sys.executable, "-m", "pytest", *options, "-k", chosen, file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\nFound from seed {seed}.")
    return sum(map(int, PASSED.findall(done.stdout)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    until = time.monotonic() + 60 * parser.parse_args().minutes
    tried = dict.fromkeys(TESTS, 0)
    for seed in takewhile(lambda _: time.monotonic() < until, count(int(time.time()))):
        for name, (file, chosen) in TESTS.items():
            tried[name] += examples(file, chosen, seed)
    for name, number in tried.items():
        print(f"{name}: {number} examples, no crash")


if __name__ == "__main__":
    main()
