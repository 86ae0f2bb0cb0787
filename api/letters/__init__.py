"""Keys on paper, for every adult who has none: one PDF to print and put into window envelopes."""
