from tests.object_stores import address, machine, s3_server  # noqa: F401 - fixtures
