"""Payloads sealed on their way into Temporal, and the codec server."""
