"""What runners ask and report."""
