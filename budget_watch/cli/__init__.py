"""The command line: the only room that knows every other one.

Each command imports what it needs inside itself, so that a short command starts fast.
"""
