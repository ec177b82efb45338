"""What is out of date, and what a refresh would do."""
