"""A process that adds entries: `appending HOME NAME COUNT`, a transaction each."""

import sys

from budget_watch.audit import Note, Who, append, key_of
from budget_watch.lake import Home
from budget_watch.lake.state import writing

home, name, count = Home(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for at in range(count):
    with writing(home) as connection:
        append(connection, key_of(home.root), Note(Who(name), "case.note", "case", str(at)))
