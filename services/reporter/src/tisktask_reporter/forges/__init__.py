"""How each forge is spoken to: requests, the rules for its answers, and the one HTTP client."""
