"""What two Tisktask services must agree on, and the shell that each service process runs in."""
