"""The addresses of the service: one module a concern, each a router."""
