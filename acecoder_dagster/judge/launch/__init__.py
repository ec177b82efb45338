"""Starting sandboxes: by Docker, by bubblewrap or from a service, and the packages that programs see there."""
