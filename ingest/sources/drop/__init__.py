"""Files that somebody lays down in a folder, here or on a server: what `folder` and `sftp` share.

Where they lie `place`, what names say `names`, what lists say `lists`, whether a file is whole and
what was read of it before `intake`. No file is ever deleted.
"""
