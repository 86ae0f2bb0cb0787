"""Activities and enrollments as agents see them: publishing, lists, decisions, attendance sheets."""
