"""The agents' desk: what is done with requests, and what makes a day of it quick."""
