"""The shell of every service process: settings, logging, health and metrics, signals."""
