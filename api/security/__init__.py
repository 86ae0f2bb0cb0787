"""Passwords, tokens, keys, scopes, limits: the numbers are those of the project's security rules."""
