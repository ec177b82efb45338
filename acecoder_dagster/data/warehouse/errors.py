"""What can go wrong with the warehouse."""


class WarehouseError(RuntimeError):
    """The warehouse cannot be built or asked; the message says what to do."""
