"""What goes in and comes out of the integrators' API."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from api.activities.schemas import Day
from api.core.schemas import CalendarDay, Input, Moment, OptionalText, Output, Page, Text
from api.enrollments.models import EnrollmentState
from api.families.models import AdultRole
from api.integration.models import DeliveryState
from api.invoices.models import SourceState


class ClientTokenRead(Output):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int = Field(description="seconds")
    scope: str


class AdultWrite(Input):
    """An adult of a file, as the back office knows them. A contact that is not valid is left out, with a warning."""

    reference: Text
    role: AdultRole
    title: OptionalText = ""
    first_name: Text
    last_name: Text
    birth_date: CalendarDay | None = None
    address: OptionalText = ""
    postal_code: OptionalText = ""
    city: OptionalText = ""
    phone: OptionalText = ""
    email: OptionalText = ""
    is_payer: StrictBool
    quotient: StrictInt | None = None
    quotient_from: CalendarDay | None = None
    quotient_to: CalendarDay | None = None


class ChildWrite(Input):
    """A child of a file; the same reference in two files is one child of two homes."""

    reference: Text
    first_name: Text
    last_name: Text
    birth_date: CalendarDay
    sex: OptionalText = ""
    school: OptionalText = ""
    grade: OptionalText = ""
    has_pai: StrictBool = False
    diet: OptionalText = ""


class FamilyWrite(Input):
    """A family file. Who is not named stays as they are: a file is never emptied by mistake."""

    adults: Annotated[list[AdultWrite], Field(min_length=1, max_length=20)]
    children: Annotated[list[ChildWrite], Field(max_length=30, default_factory=list)]


class Written(Output):
    """What became of it."""

    reference: str
    changed: bool
    warnings: list[str] = Field(description="values that were left out, and why")


class FamilyWritten(Written):
    """What became of a family file."""


class LinePut(Input):
    """A line of an invoice; child and activity by the back office's references."""

    child: OptionalText = ""
    activity: OptionalText = ""
    label: Text
    quantity: Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2)]
    unit_price_cents: StrictInt
    amount_cents: StrictInt


class InvoicePut(Input):
    """An invoice as the back office knows it; its lines replace those that were there. A payment taken here stays."""

    fiscal_year: Annotated[StrictInt, Field(ge=1900, le=2999)]
    family: Text
    adult: Text
    period_from: CalendarDay
    period_to: CalendarDay
    issued_on: CalendarDay
    due_on: CalendarDay
    total_cents: StrictInt
    paid_cents: StrictInt = 0
    state: SourceState = SourceState.ISSUED
    debt_reference: OptionalText = ""
    direct_debit: StrictBool = False
    lines: Annotated[list[LinePut], Field(max_length=500, default_factory=list)]


class ActivityPut(Input):
    """An activity as the back office knows it. `places` is that of each day; nobody who is enrolled is cut off."""

    name: Text
    venue: Text
    unit: OptionalText = ""
    starts_on: CalendarDay
    ends_on: CalendarDay
    age_min: Annotated[StrictInt, Field(ge=0, le=99)]
    age_max: Annotated[StrictInt, Field(ge=0, le=99)]
    places: Annotated[StrictInt, Field(ge=0, le=100_000)]
    opens_at: Moment
    closes_on: CalendarDay = Field(description="the last day of enrollment, to its end in the town's zone")
    days: list[Day] = Field(min_length=1, max_length=7)
    prices_cents: list[Annotated[StrictInt, Field(ge=0)]] = Field(
        min_length=4, max_length=4, description="by quotient, lowest first"
    )


class IntegrationEnrollment(Output):
    """An enrollment, by the back office's references."""

    reference: str
    state: EnrollmentState
    family: str
    child: str
    activity: str
    days: list[Day]
    starts_on: date
    ends_on: date
    created_at: datetime


class IntegrationEnrollmentList(Page):
    """Enrollments, in the order they came."""

    items: list[IntegrationEnrollment]


class EventRead(Output):
    """Something that happened. `data` names things by the back office's references and says how they are now."""

    id: int = Field(description="increases by one from event to event")
    type: str = Field(description="as `enrollment.confirmed`; new ones may come")
    at: datetime
    data: dict[str, Any]


class EventList(Output):
    """Events in their order; `next_after` goes into the next call, also when nothing is new."""

    items: list[EventRead]
    next_after: int


class ClientAdded(Output):
    """A client, as the operator hands it over; the secret cannot be shown again."""

    client_id: UUID
    client_secret: str
    name: str
    scopes: list[str]


class WebhookCreate(Input):
    """An address to send events to: https, on the public Internet or in a network that the operator named."""

    url: Annotated[str, Field(min_length=8, max_length=500)]


class WebhookRead(Output):
    """A webhook."""

    id: UUID
    url: str
    created_at: datetime
    pending: int = Field(description="deliveries that wait for a try")
    failed: int = Field(description="deliveries that were given up after three days")


class WebhookList(Page):
    """One's webhooks."""

    items: list[WebhookRead]


class WebhookAdded(Output):
    """A webhook with its signing key (`whsec_…`), which is shown once."""

    id: UUID
    url: str
    secret: str


class WebhookTried(Output):
    """What came back of a `webhook.test`."""

    delivered: bool
    status: int | None
    problem: Literal["address-forbidden", "timeout", "unreachable"] | None


class DeliveryRead(Output):
    """One event on its way."""

    event_id: int
    state: DeliveryState
    attempts: int
    status: int | None = Field(description="of the last try")
    problem: str | None
    next_attempt_at: datetime | None
    finished_at: datetime | None


class DeliveryList(Page):
    """Deliveries of a webhook, the newest first; 100 at most."""

    items: list[DeliveryRead]
