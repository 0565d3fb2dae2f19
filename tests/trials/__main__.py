"""python -m tests.trials [--reduced] [--only R1,F3] [--plant fence|lease]: a table; exit code 1 when one fails."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from tests.trials.stage import Stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trials")
    parser.add_argument(
        "--reduced", action="store_true", help="one of each that is quick, for continuous integration"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen at random; printed")
    parser.add_argument("--only", default="", help="names of trials, separated by commas")
    parser.add_argument(
        "--plant", default="", choices=["", "fence", "lease"], help="a fault in the worker, to be found"
    )
    arguments = parser.parse_args()
    began = time.monotonic()
    with Stage(plant=arguments.plant) as stage:
        import django  # only now is it known where the database is

        django.setup()
        logging.disable(logging.WARNING)
        import psycopg2

        from config.embedded.postgres import SUPERUSER
        from tests.trials.trials import NAMES, Outcome, Trials
        from tests.trials.world import World

        assert stage.servers.postgres
        loader = psycopg2.connect(stage.servers.postgres.url(SUPERUSER))
        loader.autocommit = True
        world = World(loader)
        loader.close()
        seed = arguments.seed or int(time.time())
        print(f"seed {seed}")
        trials = Trials(stage, world, seed)
        try:
            trials.prepare()
        except AssertionError as error:
            print(f"FAILED  not even undisturbed: {error}")
            return 1
        print(
            f"{time.monotonic() - began:6.1f} s  servers, workers, and what undisturbed runs come to",
            flush=True,
        )
        names = arguments.only.split(",") if arguments.only else NAMES
        outcomes: list[Outcome] = []
        for outcome in trials.run(names, reduced=arguments.reduced):
            outcomes.append(outcome)
            mark = "passed" if not outcome.error else "FAILED"
            print(f"{outcome.seconds:6.1f} s  {outcome.trial:<7} {mark}  {outcome.what}", flush=True)
            if outcome.error:
                print(f"          {outcome.error.splitlines()[0]}", flush=True)
    print("".join(f"\n{outcome.what}\n{outcome.error}\n" for outcome in outcomes if "\n" in outcome.error))
    print(_table(outcomes))
    failed = sum(bool(outcome.error) for outcome in outcomes)
    print(f"\n{len(outcomes)} disturbances, {failed} not survived, {time.monotonic() - began:.0f} s")
    return 1 if failed or not outcomes else 0


def _table(outcomes: list) -> str:
    lines = [f"\n{'trial':<8}{'times':>6}{'failed':>8}{'slowest':>10}"]
    for name in dict.fromkeys(outcome.trial for outcome in outcomes):
        of_it = [outcome for outcome in outcomes if outcome.trial == name]
        failed = sum(bool(outcome.error) for outcome in of_it)
        slowest = max(outcome.seconds for outcome in of_it)
        lines.append(f"{name:<8}{len(of_it):>6}{failed:>8}{slowest:>8.1f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
