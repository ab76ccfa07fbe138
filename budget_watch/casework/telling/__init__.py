"""Who is told of what happens to cases, runs, exemptions and 民生实事, and in which words.

A notice is written in the transaction of the act that causes it and holds no text: what it says is
worded under the Grant of its reader when it is read. The inbox, mail and gateways stand above
(`budget_watch.notices`), and so do the rooms that use this one's tables for causes of their own.
"""
