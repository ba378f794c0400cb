"""Name the installed packages with known vulnerabilities.

It never fails: what others publish overnight must not stop a change that has nothing to do with it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
OPTIONS = ("--local", "--skip-editable", "--progress-spinner=off", "--timeout=15", "--format=json")


def main() -> None:
    """Say what was found, or that nothing could be looked up."""
    packages = audited()
    found = [(one, flaw) for one in packages for flaw in one["vulns"]]
    for one, flaw in found:
        mended = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{one['name']} {one['version']}: {flaw['id']}, mended in {mended}.")
    if packages:
        print(f"{len(packages)} packages were looked up; known vulnerabilities: {len(found)}.")
    else:
        print("Dependencies are not audited: known vulnerabilities cannot be looked up from here.")


def audited() -> list[Any]:
    """The packages that could be looked up."""
    told = subprocess.run([PIP_AUDIT, *OPTIONS], capture_output=True, text=True, check=False)
    try:
        packages: list[Any] = json.loads(told.stdout)["dependencies"]
    except ValueError:
        return []
    return [one for one in packages if "skip_reason" not in one]


if __name__ == "__main__":
    main()
