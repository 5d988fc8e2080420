"""``make bench``: measures on this machine, in one run; prints what was reached beside the aim."""

from __future__ import annotations

import argparse
import importlib
import sys

USUAL = ("detection", "analysis", "live", "timeline", "recordings", "files", "training")
PARTS = (*USUAL, "quality")
"""The last measures accuracy, not time, and takes a quarter of an hour."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("parts", nargs="*", default=USUAL, metavar="PART", help=", ".join(PARTS))
    for part in parser.parse_args().parts:
        if part not in PARTS:
            parser.error(f"there is no part {part}, only {', '.join(PARTS)}")
        print(f"\n{part}\n{'-' * len(part)}")
        importlib.import_module(f"tests.benchmarks.{part}").main()
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
