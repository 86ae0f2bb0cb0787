"""Every feature's tables, so that the metadata is whole."""

from api.accounts.models import Account
from api.activities.models import Activity
from api.audit.models import AuditEvent
from api.calendars.models import CalendarFeed
from api.core.database import Base
from api.core.idempotency import IdempotentAnswer
from api.desk.models import SavedView
from api.enrollments.models import Enrollment
from api.families.models import Family
from api.household.models import HouseholdMember
from api.imports.models import ImportRun
from api.integration.models import IntegrationEvent
from api.invoices.models import Invoice
from api.letters.models import LetterBatch
from api.outbox.models import Message
from api.publik.models import PublikUser
from api.requests.models import Request
from api.second_factors.models import Passkey
from api.security.limits import Attempts
from api.service_keys.models import ServiceKey
from api.sessions.models import Session
from api.town.models import Notice

metadata = Base.metadata
__all__ = [
    "Account",
    "Activity",
    "Attempts",
    "AuditEvent",
    "CalendarFeed",
    "Enrollment",
    "Family",
    "HouseholdMember",
    "IdempotentAnswer",
    "ImportRun",
    "IntegrationEvent",
    "Invoice",
    "LetterBatch",
    "Message",
    "Notice",
    "Passkey",
    "PublikUser",
    "Request",
    "SavedView",
    "ServiceKey",
    "Session",
    "metadata",
]
