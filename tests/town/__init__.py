"""What the town says."""
