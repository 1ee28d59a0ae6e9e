"""What jobs ask for over their sockets, but for their run's data."""
