"""When mail may leave."""

from campaigns.scheduling.window import next_opening as next_opening
