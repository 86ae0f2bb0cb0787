"""What can be refused when an activity is changed."""

from api.core.errors import Problem


class NoPlaceLeft(Problem):
    """At least one of its days is full."""

    status, code, title = 409, "no-place-left", "No place left"
    fr = "Il ne reste pas de place tous ces jours-là. Ajoutez des places, ou mettez-la en liste d’attente."
    en = "There is no place left on all these days. Add places, or put it on the waiting list."
