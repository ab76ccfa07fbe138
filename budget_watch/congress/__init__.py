"""人代会: a session with its delegations, the opinions deputies give in it, and their answers.

Stands on opinions (an opinion given in a session is an opinion like any other, and what is merged
is a topic) beside meetings. Everything is only ever added: members, opinions, questions, answers.
"""
