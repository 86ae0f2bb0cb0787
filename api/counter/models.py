"""What the counter can be refused."""

from api.core.errors import Problem


class HasMailbox(Problem):
    """The account has a mail address: the link goes there, not on paper."""

    status, code, title = 409, "has-mailbox", "The account has a mailbox"
    fr = "Ce compte a une adresse mail : la personne y reçoit son lien, par « Mot de passe oublié »."
    en = "This account has a mail address: the person gets the link there, by “Forgotten password”."
