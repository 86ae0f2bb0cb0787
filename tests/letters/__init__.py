"""Letters with keys."""
