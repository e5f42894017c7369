"""The order, the clock, the settings and Prefect: everything that calls the other rooms."""
