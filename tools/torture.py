"""Kill the daily job again and again, and compare it with an undisturbed twin.

    python -m tools.torture --kills 110

The short form of this is tests/system/test_torture.py.
"""

import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click

from tests.support.killed_runs import Kill, Outcome, scenarios, tortured


def random_kills(chosen: random.Random, number: int) -> list[list[Kill]]:
    """Kills at any moment of a run or of a phase; sometimes several in a row."""
    plans: list[list[Kill]] = []
    while (left := number - sum(map(len, plans))) > 0:
        in_a_row = min(left, chosen.choice([1, 1, 1, 1, 2, 3]))
        plans.append([random_kill(chosen) for _ in range(in_a_row)])
    return plans


def random_kill(chosen: random.Random) -> Kill:
    phase = chosen.choice([None, None, "reading", "loading", "building"])
    return Kill(phase=phase, share=chosen.uniform(0, 0.95))


def reported(outcome: Outcome) -> Outcome:
    """Print what differs as soon as it is known."""
    for fault in outcome.faults:
        click.echo(f"{outcome.scenario}, {outcome.kills}, {outcome.fell}: {fault}")
    return outcome


def summary(outcomes: list[Outcome], seconds: float) -> str:
    """How many kills happened where, and how many runs equal the twin."""
    fell = Counter(phase for outcome in outcomes for phase in outcome.fell)
    at_random = sum(n for phase, n in fell.items() if not phase.startswith("after"))
    lines = [
        f"{fell.total()} kills, {at_random} of them at random, in {seconds:.0f} s",
        *(f"{number:6} {phase}" for phase, number in sorted(fell.items())),
    ]
    good = sum(not outcome.faults for outcome in outcomes)
    lines.append(f"{good} of {len(outcomes)} runs after them equal the twin")
    return "\n".join(lines)


@click.command()
@click.option(
    "--kills", default=140, show_default=True, help="Number of kills at random moments."
)
@click.option("--seed", type=int, help="Of the random moments; default: new each time.")
@click.option(
    "--steps/--no-steps", default=True, help="Also kill once after each step."
)
def main(kills: int, seed: int | None, steps: bool) -> None:
    """Kill the daily job again and again, and compare it with an undisturbed twin."""
    seed = secrets.randbelow(10_000) if seed is None else seed
    chosen, began = random.Random(seed), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    click.echo(f"seed {seed}, in {folder}")
    with scenarios(folder) as known, ThreadPoolExecutor(os.cpu_count()) as pool:
        plans = [(chosen.choice(known), plan) for plan in random_kills(chosen, kills)]
        if steps:
            plans += [
                (s, [Kill(step=number)]) for s in known for number in s.boundaries
            ]
        doing = [
            pool.submit(tortured, scenario, plan, folder / f"kill {number}")
            for number, (scenario, plan) in enumerate(plans)
        ]
        outcomes = [reported(future.result()) for future in as_completed(doing)]
    click.echo(summary(outcomes, time.monotonic() - began))
    if any(outcome.faults for outcome in outcomes):
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
