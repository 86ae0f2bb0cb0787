"""What breaks, on purpose: processes killed, a drain under load. `make faults` does the same for longer."""
