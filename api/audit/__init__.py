"""Who did what to whose file: append-only, ids and never values."""
