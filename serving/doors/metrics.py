"""What is counted, for Prometheus: requests, verdicts, photos; one registry a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from wreckid.serving.result import Result

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counts of a service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "wreckid_requests",
            "Requests, by what was answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "wreckid_request_seconds",
            "Seconds that requests took.",
            ["route"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._at_work = Gauge(
            "wreckid_requests_at_work", "Requests being answered.", registry=self._registry
        )
        self._verdicts = Counter(
            "wreckid_verdicts",
            "Results, by verdict, but for those of items.",
            ["level"],
            registry=self._registry,
        )
        self._photos = Counter(
            "wreckid_photos",
            "Photos judged, by why they could not be used.",
            ["failure"],
            registry=self._registry,
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a request as being answered."""
        with self._at_work.track_inprogress():
            yield

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def judged(self, result: Result) -> None:
        """Count a result of photos."""
        self._verdicts.labels(result.verdict.level).inc()
        self.looked_at(result)

    def looked_at(self, result: Result) -> None:
        """Count the photos of a result, and not its verdict, which may be withheld."""
        for photo in result.photos:
            self._photos.labels(photo.failure.code if photo.failure else "none").inc()

    def told(self) -> bytes:
        """All counts, in the text format of Prometheus."""
        return generate_latest(self._registry)
