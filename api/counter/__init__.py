"""The counter: an agent opens the account of a person without mail, prints its activation, enters a request for them."""
