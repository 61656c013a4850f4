"""Hand-overs and messages from outside become cases and entries: lists read, cases started, messages submitted."""
