"""The demonstration town: loaded once through the real import, with people to sign in as."""
