"""Writes a job over the lines of text files to standard output: make_job.py FILE..."""

import json
import sys
from pathlib import Path

lines = [line for file in sys.argv[1:] for line in Path(file).read_text(encoding="utf-8").splitlines()]
job = {
    "workers": 2,
    "item_list": {"items": lines, "batch_size": 25},
    # Workers run elsewhere, so the path has to be absolute.
    "config": {"output_dir": str(Path(".cortex/python-handler").resolve())},
}
json.dump(job, sys.stdout)
