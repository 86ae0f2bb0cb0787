"""The names of the rights. Who holds which is data: `role.scopes`, and `service.scopes` for what a key opens."""

from enum import StrEnum


class Scope(StrEnum):
    """A right that a route names in its signature."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    HOUSEHOLD_READ = "household:read"
    HOUSEHOLD_WRITE = "household:write"
    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"
    SERVICE_KEYS_READ = "service_keys:read"
    SERVICE_KEYS_WRITE = "service_keys:write"
    FAMILY_READ = "family:read"
    INVOICES_READ = "invoices:read"
    INVOICES_PAY = "invoices:pay"
    ENROLLMENTS_READ = "enrollments:read"
    ENROLLMENTS_WRITE = "enrollments:write"
    AGENT_REQUESTS = "agent:requests"
    AGENT_FAMILIES = "agent:families"
    AGENT_KEYS = "agent:keys"
    AGENT_ENROLLMENTS = "agent:enrollments"
    AGENT_ACTIVITIES = "agent:activities"
    AGENT_IMPORTS = "agent:imports"
    AGENT_ACCOUNTS = "agent:accounts"
    AGENT_AUDIT = "agent:audit"
    INTEGRATION_FAMILIES = "integration:families"
    INTEGRATION_INVOICES = "integration:invoices"
    INTEGRATION_ACTIVITIES = "integration:activities"
    INTEGRATION_ENROLLMENTS = "integration:enrollments"
    INTEGRATION_EVENTS = "integration:events"
