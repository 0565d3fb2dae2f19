"""python -m bench.size SIZE PARTS ANSWER.json: everything about one size, as rows of the report."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.report import Row
from bench.servers import databases

PARTS = ("import", "scoring", "payout", "pages", "pull", "mixed", "voices")


def measure(size: int, parts: set[str]) -> list[Row]:
    rows: list[Row] = []
    began = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - began:7.1f} s  {size:>9,}  {text}", flush=True)

    with databases() as servers:
        import django  # only now is it known where the database is

        django.setup()
        logging.getLogger("django.request").setLevel(logging.ERROR)
        from django.db import connections

        from bench import bare, mixed, pages, pulls, statements, voices, work
        from bench import company as companies

        loader = servers.connect()
        say("company")
        company = companies.build_company(loader, size)
        if "import" in parts:
            say("import")
            rows += work.measure_import(loader, company)
        if parts - {"import"}:
            say("observations")
            count = companies.load_observations(loader, company)
        if parts & {"scoring", "payout", "pages", "pull"}:
            say(f"cycle over {count:,} observations")
            cycle, row = work.launch(company)
            rows.append(row)
            say("scoring")
            rows += work.measure_scoring(loader, company, cycle, servers.environment)
        if parts & {"payout", "pages", "pull"}:
            say("payout")
            paid, payout_run = work.measure_payout(loader, company, cycle, servers.environment)
            rows += paid
        if "pages" in parts:
            say("pages")
            bare.settle(loader)
            rows += pages.measure_pages(company, cycle.code, payout_run)
            rows += statements.measure_statement(company, cycle.code)
        if "pull" in parts:
            say("pull")
            cycle.refresh_from_db()
            rows += pulls.measure_pull(loader, company, cycle)
        if "mixed" in parts:
            say("mixed cycle")
            rows += mixed.measure_mixed(loader, company, servers.environment)
        if "voices" in parts:
            say("many voices")
            rows += voices.measure_voices(loader, company, servers.environment)
        connections.close_all()
        loader.close()
        say("done")
    return rows


def main() -> int:
    size, parts, answer = sys.argv[1:]
    rows = measure(int(size), set(parts.split(",")))
    Path(answer).write_text(json.dumps([asdict(row) for row in rows], default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
