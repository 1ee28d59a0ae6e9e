"""How fast each forge may be written to. The table `accounts` says who has written when, for all reporters."""

from dataclasses import dataclass

#: Of an hour's posts so many can be made at once; the others' turns come evenly.
_BURST_SHARE = 5
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class Pace:
    """What an account may do. In no hour are there more posts than `burst` and an hour's turns."""

    at_once: int
    gap_seconds: float = 0
    burst: int = 1
    #: Time in which one more post is earned; zero: any number.
    budget_seconds: float = 0


@dataclass(frozen=True)
class Paces:
    """What forges ask for: GitHub one post after the other, a second apart, and few in an hour."""

    at_once: int
    github_pause_seconds: float
    github_posts_per_hour_max: int

    def of(self, forge: str) -> Pace:
        if forge != "github":
            return Pace(self.at_once)
        if not self.github_posts_per_hour_max:
            return Pace(1, self.github_pause_seconds)
        burst = max(1, self.github_posts_per_hour_max // _BURST_SHARE)
        turns = max(1, self.github_posts_per_hour_max - burst)
        return Pace(1, self.github_pause_seconds, burst, _HOUR_SECONDS / turns)
