"""Who may come in, and how much of what: everything a request passes before it is worked on."""
