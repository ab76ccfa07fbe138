"""Opens files in bounded memory: what kind they are, what archives hold, text encodings, sheets.

Knows nothing of tables and contracts. Whatever cannot be opened raises `Unreadable`.
"""
