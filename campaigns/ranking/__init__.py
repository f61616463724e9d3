"""How well leads fit a campaign, by rules with points."""

from campaigns.ranking.asking import ask_ranking as ask_ranking
from campaigns.ranking.asking import run_ranking as run_ranking
from campaigns.ranking.rank import rank as rank
from campaigns.ranking.rules import PointRule as PointRule
from campaigns.ranking.rules import read_point_rules as read_point_rules
from campaigns.ranking.rules import set_ranking_rules as set_ranking_rules
from campaigns.ranking.rules import told as told
