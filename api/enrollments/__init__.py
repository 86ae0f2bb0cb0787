"""Enrollments: places taken by a guarded update, a waiting list that moves with each cancellation."""
