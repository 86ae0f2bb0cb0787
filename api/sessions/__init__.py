"""Signing in and out, devices, refresh tokens, the second factor."""
