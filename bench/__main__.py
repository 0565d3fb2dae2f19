"""python -m bench [--sizes 1000,10000] [--only import,scoring] [--json var/bench/results.json]"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import Row, equal_queries, table, write_json
from bench.servers import SETTINGS
from bench.size import PARTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Laurel against the bare pipeline.")
    parser.add_argument("--sizes", default="1000,10000", help="numbers of employees")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, default=Path("var/bench/results.json"))
    arguments = parser.parse_args()
    if unknown := set(arguments.only.split(",")) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for size in (int(text) for text in arguments.sizes.split(",")):
        rows += _measure(size, arguments.only)
    rows += equal_queries(rows)
    print("\n" + table(rows) + "\n")
    write_json(arguments.json, rows, _machine())
    print(f"Details: {arguments.json}")
    return 0 if all(row.met is not False for row in rows) else 1


def _measure(size: int, only: str) -> list[Row]:
    """Each size in a process and on servers of its own, so that none inherits tables or memory of another."""
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        subprocess.run([sys.executable, "-m", "bench.size", str(size), only, answer.name], check=True)
        return [Row(**row) for row in json.load(answer)]


def _machine() -> dict[str, object]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": os.cpu_count(),
        "memory_bytes": memory,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "postgresql": SETTINGS,
    }


if __name__ == "__main__":
    sys.exit(main())
