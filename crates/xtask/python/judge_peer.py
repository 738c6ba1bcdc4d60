"""zen-engine on the tables and fact sheets that `qingshan bench judge --peer DIR` wrote: rate, and how many rows agree."""

import json
import sys
import time
from pathlib import Path

import zen


def main(folder: Path) -> None:
    engine = zen.ZenEngine()
    for model in sorted(folder.glob("*.json")):
        decision = engine.create_decision(model.read_text())
        lines = model.with_suffix(".jsonl").read_text().splitlines()
        sheets = [json.loads(line) for line in lines]
        start = time.perf_counter()
        results = [decision.evaluate(sheet["facts"])["result"] for sheet in sheets]
        seconds = time.perf_counter() - start
        agree = sum(
            result.get("row") == sheet["expect"]["row"] and result.get("verdict") == sheet["expect"]["verdict"]
            for result, sheet in zip(results, sheets)
        )
        figures = {
            "table": model.stem,
            "n": len(sheets),
            "s": seconds,
            "judged_per_s": int(len(sheets) / seconds),
            "agree": agree,
        }
        print(json.dumps(figures), flush=True)


main(Path(sys.argv[1]))
