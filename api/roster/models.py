"""What can be refused when an agent decides."""

from api.enrollments import models


class NoPlaceLeft(models.NoPlaceLeft):
    """At least one of its days is full; an agent can do something about it."""

    fr = "Il ne reste pas de place tous ces jours-là. Ajoutez des places, ou mettez-la en liste d’attente."
    en = "There is no place left on all these days. Add places, or put it on the waiting list."
