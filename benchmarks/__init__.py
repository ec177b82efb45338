"""What is measured rather than asserted."""
