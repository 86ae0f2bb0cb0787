"""The household that a parent declares; not the family file that a service knows."""
