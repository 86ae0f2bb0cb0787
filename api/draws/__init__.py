"""Lots instead of a race: points by published criteria, ties by a seed that everybody can check."""
