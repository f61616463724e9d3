"""Requests of the API that name a key are done once: what the first was answered is kept and answered again.

`begin` takes the key, or says what became of the request that has it; `settle` writes down how that ended; `forget`
removes what was answered. What cannot be known is said to be so, and nothing is done again by a guess.
"""
