"""`python -m tests`: the whole suite. On SQLite, what touches a database once more on PostgreSQL, what
searches with PostgreSQL's engine too, then the browser."""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

RUNS = (
    ("SQLite", ["-n", "2", "-m", "not browser"]),
    ("PostgreSQL", ["-n", "2", "-m", "not browser", "--database", "postgresql"]),
    (
        "PostgreSQL search",
        ["-n", "2", "--database", "postgresql", "--search-engine", "postgresql", "tests/knowledge", "tests/documents"],
    ),
    ("Browser", ["-n", "2", "-m", "browser", "--dist", "loadgroup"]),
)


def main() -> int:
    started, lines, worst = time.monotonic(), [], 0
    for name, options in RUNS:
        print(f"\n== {name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            command = [sys.executable, "-m", "pytest", "-q", *options, f"--junitxml={report}", *sys.argv[1:]]
            code = subprocess.run(command, check=False).returncode
            lines.append(f"  {name:<18}{summary(report)}" + (f"   exit code {code}" if code else ""))
        worst = worst or code
    print("\n" + "\n".join(lines))
    print(f"  {'in all':<18}{time.monotonic() - started:.0f} s: {'FAILED' if worst else 'all green'}")
    return worst


def summary(report: Path) -> str:
    if not report.exists():
        return "did not run"
    suite = ET.parse(report).getroot()[0].attrib
    count = {name: int(suite[name]) for name in ("tests", "failures", "errors", "skipped")}
    passed = count["tests"] - count["failures"] - count["errors"] - count["skipped"]
    rest = "".join(f", {count[name]} {name}" for name in ("failures", "errors", "skipped") if count[name])
    return f"{passed} passed{rest} in {float(suite['time']):.0f} s"


if __name__ == "__main__":
    sys.exit(main())
