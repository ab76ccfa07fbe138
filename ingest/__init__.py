"""Brings data in: sources → bind → gate → deliver.

`sources` opens files in bounded memory and says what they are. `bind` finds out which table a file
or sheet holds (a contract's own columns, or a published form of `forms/*.yaml`) and turns it into
rows of that table. `gate` checks rows against the contract and splits them into good and
quarantined. `deliver` writes both into the lake. `load` does this for files given by hand, `day`
for a listing of deliveries in order of arrival. Nothing here is known to `budget_watch`.
"""
