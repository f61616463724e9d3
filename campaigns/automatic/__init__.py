"""Automatic campaigns: a standing audience, and workers that enroll whoever newly belongs to it."""

from campaigns.automatic.audience import StandingAudience as StandingAudience
from campaigns.automatic.audience import audience_in_words as audience_in_words
from campaigns.automatic.audience import audience_of as audience_of
from campaigns.automatic.looking import EVERY as EVERY
from campaigns.automatic.looking import Look as Look
from campaigns.automatic.looking import ask_for_looks as ask_for_looks
from campaigns.automatic.looking import look as look
from campaigns.automatic.looking import note_broken_off as note_broken_off
from campaigns.automatic.switching import activate as activate
from campaigns.automatic.switching import clear_audience as clear_audience
from campaigns.automatic.switching import deactivate as deactivate
from campaigns.automatic.switching import set_audience as set_audience
