"""The pages people look at: frame, figure, table, chart, pages, assets.

Asks `budget_watch.views` and `budget_watch.casework`, computes no figure itself.
Whatever a reader may choose stands in the address, so every state can be sent.
"""
