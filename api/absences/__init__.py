"""A day on which a child does not come: told in one tap, in time or not."""
