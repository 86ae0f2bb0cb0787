"""`python -m api.cli`, which the processes start each other with."""

from api.cli import main

main()
