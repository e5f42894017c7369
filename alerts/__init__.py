"""From a signal to a message that left: rules, what an alert says, channels. Knows no database and no schedule."""
