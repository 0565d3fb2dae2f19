"""PostgreSQL and Valkey that need no installation: binaries from two Python packages, started and stopped by us.

`python -m config.embedded run -- COMMAND` or, inside one process, `with embedded_servers() as environment:`.
A server whose address is already in the environment (DATABASE_URL, REDIS_URL) is not embedded.
"""

from config.embedded.servers import EmbeddedServers, embedded_servers

__all__ = ["EmbeddedServers", "embedded_servers"]
