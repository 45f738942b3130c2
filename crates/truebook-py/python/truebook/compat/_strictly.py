"""Errors are raised, or, for bots that cannot do with that yet, logged and answered as the old code answered."""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, cast

from ..errors import Error

Method = TypeVar("Method", bound=Callable[..., Any])


def answers(failed: Any) -> Callable[[Method], Method]:
    """With ``strict=False`` a failed call is logged and answers with this."""

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return method(self, *args, **kwargs)
            except (Error, OSError, TypeError, ValueError) as error:
                if self.strict:
                    raise
                self.logger.error("%s.%s failed: %s", type(self).__name__, method.__name__, error)
                return failed() if callable(failed) else failed

        return cast("Method", call)

    return decorate
