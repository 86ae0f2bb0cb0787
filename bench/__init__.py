"""Measurements that anyone can run: see README.md here."""
