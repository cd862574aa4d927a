"""What a command refuses before it loads a network or data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dimscope.neighbors import LocalEngine, Metric, Resources
from dimscope.profiling import make_settings
from dimscope.store import Budgets


def check_measuring(  # noqa: PLR0913 - one parameter for each option
    *,
    methods: Sequence[str],
    metric: Metric,
    n_repeats: int,
    pooling: str,
    axes: Mapping[str, str],
    memory: str,
    disk: str | None,
    n_jobs: int | None,
    search_device: str | None,
    **_others: Any,
) -> None:
    """Refuse ways to measure that are wrong whatever the network and the data are.

    Raises
    ------
    InputError
        If a method, metric or pooling is unknown, axes or a size are not understood, a number is
        too small, or there is no such device.
    """
    from dimscope.capture.axes import checked_axes  # noqa: PLC0415 - torch loads when needed
    from dimscope.capture.pooling import require_pooling  # noqa: PLC0415 - as above

    engine = LocalEngine(Resources(n_jobs, search_device))
    make_settings(methods, metric=metric, n_repeats=n_repeats, rng=0, engine=engine)
    require_pooling(pooling)
    checked_axes(axes)
    Budgets.of(memory, disk)


def check_sources(  # noqa: PLR0913 - one parameter for each option
    *,
    model: str,
    weights: str | None,
    untrained: bool,
    data: str,
    split: str,
    class_name: str | None,
    n_samples: int | None,
    device: str,
) -> None:
    """Refuse a network or data that cannot be there, and a device that is not.

    Raises
    ------
    InputError
        If a name, file, split or class is unknown, there are fewer samples, or torch cannot use the
        device.
    """
    from dimscope.data import check_data  # noqa: PLC0415 - torch loads when needed
    from dimscope.models import check_model  # noqa: PLC0415 - as above

    Resources(device=device)
    check_model(model, weights=weights, untrained=untrained)
    check_data(data, split=split, class_name=class_name, n_samples=n_samples)
