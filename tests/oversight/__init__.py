"""What went wrong, who did what, and figures."""
