"""Backup (备份) of a home and its restoring: lake versions, state, quarantine, spool, settings.

What is copied is chosen by the state's copy, taken first: every file which a published version, the
quarantine or an observation names is immutable by then, so a backup is consistent while runs and
pages go on. A backup becomes one by its manifest, written last; a restored home by one rename.
Which files a spool needs is told by `ingest`, since sources are its business. Keys for personal ids
are never in a backup (design §10); only their fingerprints are.
"""
