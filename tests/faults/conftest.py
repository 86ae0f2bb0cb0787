"""One installation for all faults; each test leaves it running."""

from collections.abc import Iterator

import pytest

from api.core.embedded import embedded_postgres
from bench.machine import data_directory
from tests.conftest import Database, foyer, free_port
from tests.faults.town import Town


@pytest.fixture(scope="package")
def broken(environment: dict[str, str]) -> Iterator[Town]:
    """The town that is broken again and again."""
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        # Behind a proxy that says who asks: hundreds sign up here, and the limit of one address has tests of its own.
        own = environment | {
            "FOYER_DATA_DIR": str(folder),
            "FOYER_PORT": str(free_port()),
            "FOYER_TRUSTED_PROXIES": "127.0.0.1",
        }
        assert foyer(own, "migrate").returncode == 0
        database = Database(dsn)
        made = Town(own, database)
        yield made
        made.stop()
        database.close()


@pytest.fixture
def town(broken: Town) -> Town:
    """Both processes run, whatever the last test did."""
    broken.start()
    broken.ready()
    return broken
