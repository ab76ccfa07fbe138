"""Notices (通知): who is told that it is their turn, in the inbox, by mail, through a gateway.

A notice is written in the transaction of the act that causes it and holds no text: what it says is
worded under the Grant of its reader when it is read. Nobody else decides who is told; sending knows
nothing of cases. Nothing here is deleted, and no connection goes but to the configured server.
"""
