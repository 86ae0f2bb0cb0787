"""Other software: client credentials, family files one by one or many at once, events in order, webhooks."""
