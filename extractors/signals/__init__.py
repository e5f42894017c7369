"""From labelled passages to events: what is the same act, what is new, and why."""
