"""Accounts: sign-up, activation, the profile, the forgotten password."""
