"""What these tests stand on: a fork server, a PostgreSQL server, and ledgers on either engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness import postgresql
from tests.robustness.installation import Ground
from tests.robustness.processes import ForkServer, fork_server, quick_folder
from tests.robustness.site import ISSUED_AT, data_set


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-syscall",
        action="store_true",
        help="kill at every system call of every kind, not only where the disk changes",
    )


@pytest.fixture(scope="session")
def every_syscall(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--every-syscall", default=False))


@pytest.fixture(scope="session")
def quick() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def forks(quick: Path) -> Iterator[ForkServer]:
    with fork_server(quick / "processes") as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    with postgresql.server() as server:
        yield server


@pytest.fixture
def on_sqlite(quick: Path, forks: ForkServer) -> Ground:
    return Ground(quick, forks, None)


@pytest.fixture
def on_postgresql(quick: Path, forks: ForkServer, postgresql_server: postgresql.Server) -> Ground:
    return Ground(quick, forks, postgresql_server)


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest) -> Ground:
    """A ledger on each engine in turn."""
    found: Ground = request.getfixturevalue(f"on_{request.param}")
    return found


@pytest.fixture
def vendor() -> Iterator[Simulator]:
    """The simulated vendor, whose clock stands still as the program's does."""
    with Simulator(data_set(), clock=lambda: ISSUED_AT) as simulator:
        yield simulator
