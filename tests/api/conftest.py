from tests.access.conftest import world, world_of_module

__all__ = ["world", "world_of_module"]
