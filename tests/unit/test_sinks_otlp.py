"""OpenTelemetry: the official classes read what is sent, by a real HTTP server."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from http_receiver import Receiver, receiving
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric
from sink_doubles import event, lines, until

from policyd.reading.metrics import Family, Histogram
from policyd.sinks.facts import AgentFacts
from policyd.sinks.http import Address
from policyd.sinks.otlp import SEVERITIES, OtlpSink, any_value, attributes, log_record, nanoseconds
from policyd.sinks.otlp_metrics import Series
from policyd.sinks.outlet import Outlet
from policyd.sinks.sink import SinkError

FACTS = AgentFacts("node-1", "1.2.3")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


def table(pairs: Any) -> dict[str, Any]:
    return {pair.key: plain(pair.value) for pair in pairs}


def read_logs(body: bytes) -> tuple[dict[str, Any], list[LogRecord]]:
    """Return resource attributes and records; fails on whatever the protocol does not have."""
    (resource,) = Parse(body, ExportLogsServiceRequest()).resource_logs
    (scope,) = resource.scope_logs
    assert (scope.scope.name, scope.scope.version) == ("policyd", "1.2.3")
    return table(resource.resource.attributes), list(scope.log_records)


def read_metrics(body: bytes) -> dict[str, Metric]:
    (resource,) = Parse(body, ExportMetricsServiceRequest()).resource_metrics
    assert table(resource.resource.attributes)["host.name"] == "node-1"
    return {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


def test_events_are_log_records_with_their_fields_as_attributes(receiver: Receiver) -> None:
    sink = OtlpSink(Address(f"{receiver.url}/otlp"), FACTS)
    fields = {"process.comm": "sh", "process.pid": 7, "ok": True, "list": ["a", 1], "none": None, "big": 2**64 - 1}
    assert sink.write([lines(123, **fields), lines(2)]) == 0
    (post,) = receiver.posts
    assert (post.path, post.headers["Content-Type"]) == ("/otlp/v1/logs", "application/json")
    assert post.headers["Content-Encoding"] == "gzip"
    resource, records = read_logs(post.body)
    assert resource == {"service.name": "policyd", "service.version": "1.2.3", "host.name": "node-1"}
    first = records[0]
    assert first.time_unix_nano == 1795346100_000000123
    assert first.observed_time_unix_nano > 0
    assert first.severity_number == SeverityNumber.SEVERITY_NUMBER_ERROR
    assert (first.severity_text, first.body.string_value) == ("high", "exec-audit/opened")
    assert table(first.attributes) == {
        "policyd.policy": "exec-audit", "policyd.rule": "opened", "policyd.hook": "syscall:openat",
        "policyd.verdict": "none", "policyd.cpu": 1, "number": 123, "process.comm": "sh", "process.pid": 7, "ok": True,
        "list": ["a", 1], "big": str(2**64 - 1),
    }  # fmt: skip
    assert len(records) == 2
    sink.close()


def test_every_severity_is_one_of_the_protocol() -> None:
    names = {name: SeverityNumber.Name(number) for name, number in SEVERITIES.items()}
    assert list(SEVERITIES.values()) == sorted(SEVERITIES.values())
    assert names["critical"] == "SEVERITY_NUMBER_FATAL"
    assert names["info"] == "SEVERITY_NUMBER_INFO"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(fields=st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=5))
def test_whatever_an_event_holds_is_a_valid_record(fields: dict[str, Any]) -> None:
    record = log_record(json.loads(event(1)) | {"fields": fields, "undecodable": {"layout": "x", "bytes": 3}})
    parsed = Parse(json.dumps(record), LogRecord())
    assert table(parsed.attributes)["policyd.undecodable.bytes"] == 3


def test_numbers_keep_their_value() -> None:
    for value in (0, -1, 2**63 - 1, -(2**63), 1.5, "text", True):
        assert plain(Parse(json.dumps(any_value(value)), AnyValue())) == value
    assert attributes({"a": {"b": {"c": 1}}}) == [{"key": "a.b.c", "value": {"intValue": "1"}}]


def test_times_keep_their_nanoseconds() -> None:
    assert nanoseconds("1970-01-01T00:00:01.000000002Z") == 1_000000002
    assert nanoseconds("never") == 0


def test_what_the_receiver_rejects_of_a_batch_is_counted_and_its_reason_told(receiver: Receiver) -> None:
    receiver.answers = [(200, {}, b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too \\u001b[31mold"}}')]
    outlet = Outlet("otlp", OtlpSink(Address(receiver.url), FACTS))
    outlet.start()
    outlet.offer(lines(1, 2, 3))
    until(lambda: outlet.status().sent == 1)
    status = outlet.status()
    assert status.dropped == {"refused": 2}
    assert status.error == "the receiver says: too \\x1b[31mold"
    outlet.offer(lines(4))
    until(lambda: outlet.status().sent == 2)
    assert outlet.status().error == ""
    outlet.stop(5)


NONSENSE = [b"", b"no json", b"[]", b'{"partialSuccess":null}', b'{"partialSuccess":{"rejectedLogRecords":"x"}}']


@pytest.mark.parametrize("answer", NONSENSE)
def test_an_answer_that_makes_no_sense_is_taken_as_success(receiver: Receiver, answer: bytes) -> None:
    receiver.otherwise = answer
    sink = OtlpSink(Address(receiver.url), FACTS)
    assert sink.write([lines(1)]) == 0
    sink.close()


@pytest.mark.parametrize("status", [429, 502, 503, 504, 500, 400])
def test_only_what_the_protocol_says_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"Retry-After": "3"}, b"")]
    sink = OtlpSink(Address(receiver.url), FACTS)
    with pytest.raises(SinkError) as caught:
        sink.write([lines(1)])
    assert (caught.value.transient, caught.value.retry_after) == (status in {429, 502, 503, 504}, 3.0)
    sink.close()


# ------------------------------------------------------------------------------------------------ metrics

HISTOGRAM = Histogram((0.1, 1.0), (3, 2, 1), 4.5, 6)
FAMILIES = [
    Family("opened_total", "p", "counter", "Opened files.", "", (({"comm": "sh"}, 5), ({"comm": "ls"}, 7))),
    Family("opened_total", "q", "counter", "", "", (({}, 1),)),
    Family("waiting", "p", "gauge", "", "bytes", (({}, -1.5),)),
    Family("took_seconds", "p", "histogram", "", "seconds", (({}, HISTOGRAM),)),
    Family("huge_total", "p", "counter", "", "", (({}, 2**64 - 1),)),
]


def test_metrics_are_sent_on_the_interval_with_the_right_kinds(receiver: Receiver) -> None:
    facts = AgentFacts("node-1", "1.2.3", lambda: FAMILIES)
    sink = OtlpSink(Address(receiver.url), facts, interval=0.02)
    until(lambda: len(receiver.posts) >= 2)
    sink.close()
    assert {post.path for post in receiver.posts} == {"/v1/metrics"}
    found = read_metrics(receiver.bodies[0])
    opened = found["opened_total"]
    assert (opened.description, opened.sum.is_monotonic) == ("Opened files.", True)
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert opened.sum.aggregation_temporality == cumulative
    by_labels = {tuple(table(point.attributes).values()): point.as_int for point in opened.sum.data_points}
    assert by_labels == {("p", "sh"): 5, ("p", "ls"): 7, ("q",): 1}
    assert (found["waiting"].unit, found["waiting"].gauge.data_points[0].as_double) == ("By", -1.5)
    took = found["took_seconds"]
    assert (took.unit, took.histogram.aggregation_temporality) == ("s", cumulative)
    (point,) = took.histogram.data_points
    assert (point.count, point.sum) == (6, 4.5)
    assert (list(point.bucket_counts), list(point.explicit_bounds)) == ([3, 2, 1], [0.1, 1.0])
    assert math.isclose(found["huge_total"].sum.data_points[0].as_double, 2**64)


def points(requests: Iterator[list[dict[str, Any]]]) -> list[Any]:
    return [
        point for metrics in requests for metric in metrics for point in Parse(json.dumps(metric), Metric()).sum.data_points
    ]


def test_a_counter_that_went_back_has_begun_anew() -> None:
    series = Series()

    def look(value: int, now: int) -> tuple[int, int]:
        (point,) = points(series.requests([Family("n_total", "p", "counter", "", "", (({}, value),))], now, 100))
        return point.start_time_unix_nano, point.time_unix_nano

    assert look(5, 100) == (100, 100)
    assert look(9, 200) == (100, 200)
    assert look(2, 300) == (200, 300)
    assert look(2, 400) == (200, 400)
    list(series.requests([], 500, 100))
    assert look(1, 600) == (600, 600)  # what went is forgotten


def test_many_points_are_several_requests_with_none_lost() -> None:
    many = Family("n_total", "p", "counter", "", "", tuple(({"k": str(n)}, n) for n in range(950)))
    requests = list(Series().requests([many, FAMILIES[0]], 1, 100))
    sizes = [sum(len(metric["sum"]["dataPoints"]) for metric in metrics) for metrics in requests]
    assert sum(sizes) == 952
    assert max(sizes) <= 100


def test_metrics_that_cannot_be_sent_are_told_and_do_not_stop_the_next(receiver: Receiver) -> None:
    receiver.answers = [(400, {}, b"no metrics here")]
    sink = OtlpSink(Address(receiver.url), AgentFacts("n", "v", lambda: FAMILIES), interval=0.02)
    told = []
    until(lambda: told.append(sink.trouble()) or told[-1])
    until(lambda: len(receiver.posts) > 3 and not sink.trouble())
    sink.close()
    assert "no metrics here" in told[-1]
    assert {post.path for post in receiver.posts} == {"/v1/metrics"}
    assert all(json.loads(body)["resourceMetrics"] for body in receiver.bodies)
