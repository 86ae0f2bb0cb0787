"""The service key: given out by an agent, typed once by a parent, the root of trust."""
