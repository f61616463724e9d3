"""Who is in a campaign: putting leads in, taking recipients out."""

from campaigns.enrollment.asking import ask_enrollment as ask_enrollment
from campaigns.enrollment.enroll import EnrollmentResult as EnrollmentResult
from campaigns.enrollment.enroll import enroll as enroll
from campaigns.enrollment.select import Selection as Selection
from campaigns.enrollment.stop import de_enroll as de_enroll
from campaigns.enrollment.stop import stop_each as stop_each
from campaigns.enrollment.stop import stop_leads as stop_leads
from campaigns.enrollment.stop import stop_recipient as stop_recipient
from campaigns.enrollment.stop import stop_recipients as stop_recipients
