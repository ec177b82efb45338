"""What further branches and adversarial rounds add."""
