"""Server-Sent Events: viewers of logs and of runs, all fed from one upstream."""
