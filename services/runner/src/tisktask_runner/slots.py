"""How many jobs a process takes: its slots, and those that waiting jobs lend."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slots:
    """What a process was told."""

    own: int
    #: Lent slots that are given to others at once.
    lent_max: int

    def allowed(self, lent: int) -> int:
        """Count the jobs that the process may have while `lent` of them wait for others.

        However many wait, there is always a slot for one more: what they wait for may be that one.
        """
        return max(self.own + min(lent, self.lent_max), lent + 1)
