"""Apollo.io: people by a search of its interface or by filters; their addresses for credits.

provider  the class the registry knows
filters   the parameters its search takes; it ignores those it does not know, and the whole database comes back
url       the address of a search in its interface, as such parameters
client    one call, and what to do about every way it can fail
search    a page of people, in the shapes it may have
gather    the people of a page, as many as are wanted
enrich    what a person's address costs: asked for in tens, by identity
mapping   a person in our words
"""
