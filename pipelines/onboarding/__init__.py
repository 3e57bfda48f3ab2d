"""Propose and write the files of a new city."""
