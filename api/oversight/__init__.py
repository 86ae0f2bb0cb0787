"""What an agent who answers for the desk looks at: messages that did not arrive, who did what, keys, figures."""
