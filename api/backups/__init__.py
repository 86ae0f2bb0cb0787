"""Copies of the whole database, made while everything runs, and brought back so that what was erased stays erased."""
