from campaigns_project.accounts.models.membership import Membership as Membership
from campaigns_project.accounts.models.organization import Organization as Organization
from campaigns_project.accounts.models.organization import OrganizationTombstone as OrganizationTombstone
from campaigns_project.accounts.models.second_factor import SecondFactor as SecondFactor
from campaigns_project.accounts.models.service_account import ServiceAccount as ServiceAccount
from campaigns_project.accounts.models.user import User as User
