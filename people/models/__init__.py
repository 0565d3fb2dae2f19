from people.models.compensation import Compensation
from people.models.memberships import Leadership, Membership
from people.models.roles import RoleGrant
from people.models.teams import Job, Site, Team
from people.models.users import User

__all__ = ["Compensation", "Job", "Leadership", "Membership", "RoleGrant", "Site", "Team", "User"]
