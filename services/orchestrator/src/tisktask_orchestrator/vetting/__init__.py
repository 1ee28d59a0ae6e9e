"""Runs that somebody may have to allow: of forks, and by people who may not write."""
