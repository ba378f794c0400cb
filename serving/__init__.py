"""Online and on folders: uses releases."""
