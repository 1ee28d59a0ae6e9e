"""What each forge's deliveries mean: pure functions from headers and a payload to an outcome."""
