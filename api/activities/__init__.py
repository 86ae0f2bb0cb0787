"""What children can be enrolled in: places a day, ages, dates, prices by quotient."""
