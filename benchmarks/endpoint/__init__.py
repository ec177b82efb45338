"""How busy the question writer keeps a server."""
