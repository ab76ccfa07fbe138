"""Notices (通知): a person's inbox, and what goes out of it by mail or through a gateway.

Who is told is decided where the act is (`casework.telling`, `opinions.telling`) and written down in
its transaction; each room words its own notices under the reader's Grant. Sending knows nothing of
cases. Nothing here is deleted, and no connection goes but to the configured server.
"""
