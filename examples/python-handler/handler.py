import json
import os
import re
from collections import Counter
from pathlib import Path


class Handler:
    """Counts words: each batch by itself as it comes, all of them at the end."""

    def __init__(self, config, job_spec):
        self.shown = config["shown"]
        self.folder = Path(config["output_dir"]) / job_spec["job_id"]
        self.folder.mkdir(parents=True, exist_ok=True)

    def handle_batch(self, payload, batch_id):
        counts = Counter()
        for text in payload:
            counts.update(re.findall(r"\w+", text.lower()))
        # A file for each batch: one that is handled twice is written twice and counted once.
        part = self.folder / f"{batch_id}.json"
        unfinished = part.with_suffix(f".{os.getpid()}.tmp")
        unfinished.write_text(json.dumps(counts), encoding="utf-8")
        unfinished.rename(part)

    def on_job_complete(self):
        total = Counter()
        for part in self.folder.glob("*-*.json"):
            total.update(json.loads(part.read_text(encoding="utf-8")))
        ranked = sorted(total.items(), key=lambda entry: (-entry[1], entry[0]))
        summary = json.dumps(dict(ranked), indent=2, ensure_ascii=False)
        (self.folder / "words.json").write_text(summary + "\n", encoding="utf-8")
        for word, count in ranked[: self.shown]:
            print(f"{count:6} {word}")
