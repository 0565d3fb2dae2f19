"""Message catalogues (being written)."""


def compile_stale() -> None:
    return
