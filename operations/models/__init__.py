from operations.models.canaries import Canary

__all__ = ["Canary"]
