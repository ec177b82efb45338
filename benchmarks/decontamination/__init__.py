"""How much planted contamination is found."""
