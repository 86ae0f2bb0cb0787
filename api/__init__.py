"""Foyer: the family portal of a town hall, as a JSON API."""
