"""What can go wrong in the domain's own terms. Each message is a sentence for the person at the screen."""


class IdentificationError(Exception):
    """A request that can't be carried out; str() says why and what to do."""


class NotPermitted(IdentificationError):
    """The actor's roles or agency don't allow this."""


class NotSearchable(IdentificationError):
    """This face can't be searched for now."""


class LeaseLost(IdentificationError):
    """Somebody else holds the job by now; whatever was computed is dropped."""


class NotReady(IdentificationError):
    """This worker can't do the job though another, or this one later, may; the photograph is not to blame."""
