"""Each rule of security with its test, and the line without which that test fails."""
