"""What is old and tells of single people is forgotten, where an organization says so: values, details, words.

The rows stay, and with them everything that is counted, and why each stands where it stands.
"""

from tracking.forgetting.forget import Forgotten as Forgotten
from tracking.forgetting.forget import count_old as count_old
from tracking.forgetting.forget import forget_old as forget_old
from tracking.forgetting.forget import is_asked_for as is_asked_for
