"""Offline: makes releases."""
