"""The simulated vendor with one big month, in a process of its own: `python -m benchmarks.vendor SESSIONS UNKNOWN`.

It prints one JSON line (`url`, `identifier`, `secret`) once the month's reply is made and kept, so that nobody who
asks for it waits for more than its bytes. It ends when its standard input does, thus with whoever started it.
"""

import base64
import json
import sys
from urllib.request import Request, urlopen

from jobs.simulator import clinic
from jobs.simulator.simulator import Simulator

MONTH = "2016-11"


def main(sessions: int, unknown: int) -> None:
    """`unknown`: percent of sessions without a duration, which the Status API is asked about."""
    data = clinic.sessions(sessions, MONTH, unknown)
    account = data["accounts"]["large"]
    with Simulator(data) as vendor:
        pair = base64.b64encode(f"{account['identifier']}:{account['secret']}".encode()).decode()
        asked = Request(f"{vendor.url}history?month={MONTH}-01", headers={"Authorization": f"Basic {pair}"})  # noqa: S310  # loopback
        with urlopen(asked) as reply:  # noqa: S310  # loopback
            reply.read()
        told = {"url": vendor.url, "identifier": account["identifier"], "secret": account["secret"]}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
