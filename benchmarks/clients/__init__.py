"""Client processes, for what one client alone does not show."""
