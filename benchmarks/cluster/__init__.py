"""What hostile programs cost a worker."""
