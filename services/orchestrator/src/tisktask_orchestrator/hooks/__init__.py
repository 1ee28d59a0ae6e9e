"""The webhooks of repositories: made, tried, their secrets exchanged, and what is known of their deliveries."""
