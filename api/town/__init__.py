"""What anyone may know of the town: its name, its contact, its colour, its languages."""
