"""python -m config.probe web|worker|beat: the health checks of docker-compose.yml. Exit code 0 means well."""

import http.client
import os
import sys

from config.alive import LIMITS, silent_seconds


def main() -> int:
    role = sys.argv[1] if len(sys.argv) == 2 else ""
    if role in LIMITS:
        silence = silent_seconds(role)
        print(f"{role}: last sign {silence:.0f} s ago")
        return 0 if silence <= LIMITS[role] else 1
    if role != "web":
        print("python -m config.probe web|worker|beat", file=sys.stderr)
        return 2
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("WEB_PORT", "8000")), timeout=4)
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    try:
        connection.request("GET", "/health/", headers={"Host": host})
        status = connection.getresponse().status
    except OSError as error:
        print(f"web: {error}")
        return 1
    print(f"web: {status}")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
