"""Everything that runs inside a sandbox.

These modules import nothing but the standard library and run on Python 3.11 to 3.13: the host sends their
source through the sandbox's socket when the sandbox starts (see `..sandbox`), so an image or a
bubblewrap environment only has to provide an interpreter. `encoding` is used on the host as well.
"""
