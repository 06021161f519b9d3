"""Arrays by names: what tokenizers and processors return have this in common."""

from __future__ import annotations

from collections import UserDict
from collections.abc import ItemsView, KeysView, ValuesView
from typing import Any


class Named(UserDict[str, Any]):
    """A dictionary whose values are attributes too."""

    def __getattr__(self, item: str) -> Any:
        # `data` is missing while an instance is being unpickled.
        if item != "data" and item in self.data:
            return self.data[item]
        raise AttributeError(item)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self.data.keys()

    def values(self) -> ValuesView[Any]:
        """The lists or arrays."""
        return self.data.values()

    def items(self) -> ItemsView[str, Any]:
        """Names with their lists or arrays."""
        return self.data.items()
