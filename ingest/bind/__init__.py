"""Finds out what a file or sheet holds and turns it into rows of a table.

A contract-shaped file is bound by column names or Chinese titles (`contract_file`); a published
form by the header texts that `ingest/forms/*.yaml` declares (`forms`, `layout`, and one assembler
for each shape: `items`, `pivot`, `regional`, `listing`). Nothing is ever bound by position.
"""
