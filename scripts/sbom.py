"""`make sbom`: what is delivered as two CycloneDX files in `sbom/`, and the licence of each part; exit 1 for one that is not known to fit.

The Python part is read from an environment that has the delivered packages and nothing else, the part of the SPA from its lock file.
Whether a version is known to be vulnerable is asked of OSV (`uv audit`'s source) when it can be reached; when it cannot, that is said.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "sbom"
# A town may use, change and pass these on together with an Apache-2.0 work that links to them or runs them unchanged.
FIT = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC-BY-4.0", "CC0-1.0", "HPND", "ISC", "LGPL-3.0-only", "MIT",
    "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "PostgreSQL", "Python-2.0", "Unlicense", "Zlib",
}  # fmt: skip
OSV = "https://api.osv.dev/v1/querybatch"
# Named in a file of theirs, and not in what describes the package.
READ = {"decko": "MIT", "stickyfill": "MIT", "url-template": "BSD-3-Clause"}
NAMES = {
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "PostgreSQL License": "PostgreSQL",
    "The Unlicense (Unlicense)": "Unlicense",
}


def main() -> int:
    """Write both files, print the licences, ask for known faults."""
    FOLDER.mkdir(exist_ok=True)
    parts = [*_python(), *_spa()]
    unfit = []
    print(f"{'part':<44}{'version':<16}licence")
    for part in sorted(parts, key=lambda p: (p["purl"].partition("/")[0], p["name"].lower())):
        licence = _licence(part)
        print(f"{part['purl'].partition('@')[0].removeprefix('pkg:'):<44}{part['version']:<16}{licence or '?'}")
        if not _fits(licence):
            unfit.append(f"{part['name']}: {licence or 'no licence named'}")
    print(f"\n{len(parts)} parts, {FOLDER.relative_to(PROJECT)}/python.cdx.json and spa.cdx.json")
    for one in unfit:
        print(f"not known to fit: {one}", file=sys.stderr)
    return 1 if _known_faults(parts) or unfit else 0


def _python() -> list[dict[str, Any]]:
    environment, output = PROJECT / ".build" / "delivered", FOLDER / "python.cdx.json"
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    subprocess.run(
        [*command, "-o", str(output), str(environment / "bin" / "python")], check=True, stderr=subprocess.DEVNULL
    )
    return list(json.loads(output.read_text())["components"])


def _spa() -> list[dict[str, Any]]:
    npm = [
        str(PROJECT / ".build/bin/python"),
        str(PROJECT / "scripts/node.py"),
        "sbom",
        "--sbom-format",
        "cyclonedx",
        "--package-lock-only",
    ]
    made = subprocess.run(npm, check=True, capture_output=True, text=True, cwd=PROJECT / "frontend")
    (FOLDER / "spa.cdx.json").write_text(made.stdout)
    return list(json.loads(made.stdout)["components"])


def _licence(part: dict[str, Any]) -> str:
    """The SPDX expression, or what there is."""
    found: list[str] = []
    for one in part.get("licenses", []):
        name: str = one.get("expression") or one["license"].get("id") or one["license"].get("name", "")
        name = name.removeprefix("License :: OSI Approved :: ").strip()
        found.append(NAMES.get(name, name))
    expressions = [f for f in found if _fits(f)]
    return (expressions or found or [READ.get(part["name"], "")])[0]


def _fits(licence: str) -> bool:
    """Whether an SPDX expression can be met with what is in the list."""
    try:
        return _met(get_spdx_licensing().parse(licence))
    except ExpressionError:
        return False


def _met(part: Any) -> bool:
    """Every part of an « AND », one of an « OR »."""
    if part is None:
        return False
    if not part.args:
        return str(part) in FIT
    return (all if part.operator.strip() == "AND" else any)(_met(one) for one in part.args)


def _known_faults(parts: list[dict[str, Any]]) -> int:
    """How many versions OSV knows a fault of; 0 with a sentence when it could not be asked."""
    body = json.dumps({"queries": [{"package": {"purl": part["purl"].partition("?")[0]}} for part in parts]}).encode()
    try:
        request = urllib.request.Request(OSV, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            results = json.load(answer)["results"]
    except OSError as error:
        print(f"Known faults were NOT looked for: OSV cannot be reached ({error}).")
        return 0
    faulty = [(part, result["vulns"]) for part, result in zip(parts, results, strict=True) if result.get("vulns")]
    for part, faults in faulty:
        print(f"known faults: {part['name']} {part['version']}: {', '.join(f['id'] for f in faults)}", file=sys.stderr)
    print(f"{len(faulty)} versions with a known fault (OSV)")
    return len(faulty)


if __name__ == "__main__":
    sys.exit(main())
