"""Invoices: imported from the back office, never invented."""
