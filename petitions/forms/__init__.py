"""The forms that people fill in: a form for each message, and how what was typed becomes the message."""
