"""Requests (démarches): what a parent asks and an agent answers. Their types are data."""
