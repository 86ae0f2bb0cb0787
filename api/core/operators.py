"""What is said to who runs the portal."""


class Refused(Exception):
    """A sentence for the operator; the command ends with status 1."""
