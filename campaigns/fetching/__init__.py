"""People of a lead provider into a campaign: fetched, staged, enriched where wanted, made leads, enrolled.

source    where a campaign's people come from: set, shown, asked about for nothing
opened    the job of a fetch, and whether a campaign waits for one; what everybody below may ask
request   a person asks for a fetch, or ends one
turn      what a worker does with a job for a while, step by step
steps     the steps: pages, staging, enriching, promoting, enrolling
work      a turn, its end, and its failures
"""
