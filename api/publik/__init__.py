"""The invoice endpoints that the portal Publik expects of a connector, for a town that has it. Off without its key.

Publik signs each request with a key that both know. Its people are linked to a file by the service key, as anybody is:
each has an account that never signs in, so that the same walls decide what is shown.
"""
