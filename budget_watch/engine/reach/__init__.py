"""What the tests of a rule reach: a list of demands, each met or not.

`atoms` asks of every condition that it was seen true and false, and of every limit that it was seen
from both sides; `rows` asks the same of the conditions on table rows, and that each measure's rows
that must not count would have changed it; `blanks` takes each measure away and expects
insufficient_data. `demands` puts them together. Nothing here judges data.
"""
