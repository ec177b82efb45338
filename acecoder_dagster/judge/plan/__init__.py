"""Prepares the tests of a question: what the program is asked, what is compared, and where each test runs."""
