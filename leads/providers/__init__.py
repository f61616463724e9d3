"""Services outside that find people: one class each, behind `fetch(source, cursor)`. See docs/providers.md.

values     what a provider answers: pages of records, what a preview found
errors     how it says no, and when it has to be asked again
base       the class every provider is
registry   which providers there are, and one of them for an organization
sources    what to look for, read and checked before anything is asked
purchases  the journal of what was paid for, so that nobody is bought twice
accounts   what a person does with a key
hearing    what a provider said of a key, kept with its account
"""
