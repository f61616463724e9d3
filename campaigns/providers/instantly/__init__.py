"""Delivery through Instantly. See docs/instantly.md.

client     one call, and every way it can fail
accounts   what a person does with the key
zones      the time zone of Instantly's list that is nearest to ours
content    our wordings in Instantly's words: templates with variables, and a person's values for them
body       a campaign as Instantly wants it described
choose     a draft is to be delivered by Instantly, or by its senders
wanted     what Instantly should be doing, and which campaigns it has to be told of
push       people handed over, each once
removing   people who are out, taken out there
work       a turn at one campaign: everything above, in order
discover   campaigns that were made at Instantly
standing   how far it is, in words
"""
