"""Starting sandboxes: Docker, bubblewrap or a service of them, and their images."""
