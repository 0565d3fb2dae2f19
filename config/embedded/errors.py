class EmbeddedError(Exception):
    """An embedded server cannot run, with a reason that the person at the terminal can act on."""
