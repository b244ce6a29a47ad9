"""Backups: all that a firm has in one file that proves itself whole, and the way back from it.

making     the file: an online copy of the database, the folders beside it, and what they were at that moment
checking   whether a file is whole, to the byte, and whether it can be restored
restoring  into an empty place, or over an old one that is kept beside
keeping    which of the nightly ones stay
"""
