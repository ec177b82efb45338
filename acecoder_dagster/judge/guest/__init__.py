"""Everything that runs inside a sandbox.

When a sandbox starts, the host sends it the source of these modules (see `judge.sandbox`), so an image has to provide
an interpreter alone. They import nothing but the standard library, and each only those before it in
`sandbox.GUEST_MODULES`. They run on Python 3.11 to 3.13. The host uses `encoding` too.
"""
