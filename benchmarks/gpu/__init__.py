"""Training and sampling of real sizes on GPUs."""
