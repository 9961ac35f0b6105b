#!/usr/bin/env python3
"""Builds src/iam/lint/regions.txt: the Regions of every partition, as botocore (PyPI, Apache-2.0)
lists them in partitions.json and endpoints.json:

    python3 scripts/build-regions.py    in an environment that has botocore
"""

import json
import pathlib

import botocore

FILE = pathlib.Path(__file__).resolve().parent.parent / "src/iam/lint/regions.txt"


def main():
    data = pathlib.Path(botocore.__file__).parent / "data"
    regions = {}
    for name, key in (("partitions.json", "id"), ("endpoints.json", "partition")):
        for partition in json.loads((data / name).read_text())["partitions"]:
            regions.setdefault(partition[key], set()).update(partition["regions"])
    lines = [f"# botocore {botocore.__version__}"]
    for partition, names in sorted(regions.items()):
        # `aws-global` and the like stand for services without a Region.
        lines.append(" ".join([partition, *sorted(name for name in names if not name.endswith("-global"))]))
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
