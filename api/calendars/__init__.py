"""A private calendar of the children's days, for the phone's own calendar: one address a person, revocable."""
