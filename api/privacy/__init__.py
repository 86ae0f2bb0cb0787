"""A person and their data: who looked, everything that is kept, and closing the account."""
