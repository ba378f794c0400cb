"""The one family of expected failures."""


class SetupError(Exception):
    """Something that was set up or asked for cannot work; the message is what to tell a person."""
