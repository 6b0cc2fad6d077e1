"""The cache may be down; a call must be answered all the same."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from django.utils.functional import cached_property
from redis.exceptions import RedisError

logger = logging.getLogger("hotline.cache")


class FailOpenRedisCache(RedisCache):
    """Redis cache that answers "nothing known" when Redis is away: rate limits fail open,
    each failure is logged."""

    def _open(self, name: str, default: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), name)(*args, **kwargs)
        except (RedisError, OSError) as error:
            logger.warning("cache away, %s skipped: %s", name, error)
            return default

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("add", True, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._open("get", default, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("set", None, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("touch", False, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("delete", False, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        return self._open("incr", delta, key, delta, version)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("get_many", {}, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("set_many", [], *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._open("has_key", False, *args, **kwargs)

    @cached_property
    def _counter(self) -> Any:
        # Django makes a new client for every call; this one is used in every request.
        return self._cache.get_client(None, write=True)

    def count(self, key: str, seconds: int) -> int:
        """How many times this was called with `key`, which is forgotten after `seconds`. One
        trip to the server; 0 when it is away."""
        name = self.make_and_validate_key(key)
        try:
            pipeline = self._counter.pipeline(transaction=False)
            return int(pipeline.incr(name).expire(name, seconds).execute()[0])
        except (RedisError, OSError) as error:
            logger.warning("cache away, count skipped: %s", error)
            return 0
