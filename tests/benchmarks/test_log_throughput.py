"""200,000 lines as fast as a shell can: from the program's start to the complete stored log."""

import statistics
import time
from datetime import datetime

import pytest

from git_server import plain, program

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

LINES = 200_000
SCRIPT = f"""#!/bin/sh
i=0
while [ $i -lt {LINES} ]; do
  echo "$i abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqr"
  i=$((i + 1))
done
"""


def test_a_burst_is_stored_soon_after_its_program_has_ended(project, stack):
    rows = [_once(project, stack, number) for number in range(6)][1:]
    ratios = [stored / own for own, stored in rows]
    print(
        f"\n{LINES} lines: program alone {statistics.median(own for own, _ in rows):.2f} s, "
        f"stored after {statistics.median(stored for _, stored in rows):.2f} s from its start, "
        f"ratio median {statistics.median(ratios):.2f} (max {max(ratios):.2f})"
    )


def _once(project, stack, number) -> tuple[float, float]:
    run = project.run({".tisktask/push/burst": program(SCRIPT), "number": plain(str(number))}, seconds_max=120)
    job = run["jobs"][0]["id"]
    began = datetime.fromisoformat(stack.api(f"/jobs/{job}")["started_at"])
    ended = datetime.fromisoformat(stack.api(f"/jobs/{job}")["finished_at"])
    assert stack.wait_for_log(job).count(b"\n") == LINES
    # Looked at by polling, so it can only be worse than it was.
    stored = datetime.fromtimestamp(time.time(), began.tzinfo)
    return (ended - began).total_seconds(), (stored - began).total_seconds()
