"""How good the tests are that each policy keeps."""
