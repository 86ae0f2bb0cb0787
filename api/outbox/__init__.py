"""Mails and SMS: rows written in the business transaction, sent by workers with a lease, at least once."""
