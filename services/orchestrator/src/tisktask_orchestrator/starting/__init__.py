"""Runs that people and schedules start."""
