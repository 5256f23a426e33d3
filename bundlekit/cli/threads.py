"""The same thing for many at once, in threads that do not keep the program from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(jobs: int, items: Sequence[Item], function: Callable[[Item], Result]) -> Iterator[tuple[Item, Result]]:
    """The result for each item, as they come.

    When the caller stops to iterate, as by Ctrl-C, nothing new is begun; what is under way is not waited for.

    Args:
        jobs: at once.
        items: to do it for.
        function: what is done. An error that it raises is raised here.

    Raises:
        Exception: the first one that `function` raises.
    """
    todo: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Item, Result | None, BaseException | None]] = queue.SimpleQueue()
    for item in items:
        todo.put(item)
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((item, function(item), None))
            except BaseException as error:  # it is the caller's
                done.put((item, None, error))

    for number in range(min(jobs, len(items))):
        threading.Thread(target=work, name=f"gateway {number}", daemon=True).start()
    try:
        for _ in items:
            item, result, error = done.get()
            if error is not None:
                raise error
            yield item, result  # type: ignore[misc] # there is one, as there is no error
    finally:
        is_over.set()
