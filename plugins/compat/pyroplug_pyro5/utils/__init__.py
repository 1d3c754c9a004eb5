"""Pyro5's programs that show things or connect to others."""
