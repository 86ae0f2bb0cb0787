"""What libraries have to say is told without their words."""

import json
import subprocess
import sys

SAYS = """
import logging
from api.core.logging import configure
configure()
try:
    int("canari")
except ValueError:
    logging.getLogger("some.library").warning("cannot take %s", "canari", exc_info=True)
"""


def test_the_words_of_a_library_are_left_out() -> None:
    """Which library, where, and the kind of the fault: its words may hold what a person typed."""
    done = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["library"], line["kind"], line["place"]) == ("some.library", "ValueError", "<string>.py:8")
    assert "canari" not in done.stderr
