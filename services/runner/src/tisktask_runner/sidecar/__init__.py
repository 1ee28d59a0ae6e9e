"""Containers beside a job's, in its pod: asked for by its program, gone with it."""
