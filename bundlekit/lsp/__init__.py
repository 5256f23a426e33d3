"""The language server: what editors show of a bundle while somebody types.

It speaks the Language Server Protocol 3.17 over standard input and output. A thread reads messages; everything else
happens in one thread, in the order of the messages. A check of a bundle pauses after each rule, and the messages that
have come meanwhile go first: a change gives the check up and begins it anew.

The messages are plain dicts. The types of lsprotocol take 0.4 seconds to import and pygls takes 0.5, more than the
start of the whole server may take; the tests hold each message against lsprotocol.
"""
