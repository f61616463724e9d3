"""Empty fields of staged leads, filled by a language model over HTTP; off unless a profile is made and chosen.

profiles    what is asked of whom, checked before it is kept
prompts     the question for one lead
fields      which fields an answer may fill, and what a value of each must be
endpoint    one question over HTTP, with its retries
answers     what came back, believed only as far as it is exactly what was asked for
people      what is known of a staged lead, and what is empty
asking      one lead: question, answer, what became of it
enriching   all waiting leads of an import, going on where a killed worker left off
trying      the same for one lead, without writing anything
"""
