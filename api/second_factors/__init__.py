"""What proves a person beside the password: codes of an application, recovery codes, passkeys."""
