"""What happened at the forges that no webhook told of."""
