"""The control: the portal with the guard of its places taken away, as it would be with count-then-insert. For `bench.opening`."""

from sqlalchemy import text

from api.enrollments import queries

queries.LOCK_DAYS = text("SELECT day FROM activity_day WHERE activity_id = :activity AND day = ANY(:days)")
queries.TAKE = text("""
    UPDATE activity_day d SET taken = taken + 1 WHERE activity_id = :activity AND day = ANY(:days) AND places > (
        SELECT count(*) FROM enrollment e WHERE e.activity_id = :activity AND e.state IN ('confirmed', 'offered'))
    RETURNING day
""")

if __name__ == "__main__":
    from api.cli import main

    main()
