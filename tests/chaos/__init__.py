"""Everything is killed and paused at random moments while runs go on; afterwards nothing may be lost."""
