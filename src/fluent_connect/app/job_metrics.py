"""What the runs of jobs came to, as metrics."""

from fluent_connect.app.telemetry import Telemetry
from fluent_connect.jobs.step import decode_step
from fluent_connect.journal.runs import SUCCESSFUL
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.fact import RunAdvanced, RunEnded
from fluent_connect.queues.store import Verdict, Write


class JobMetrics:
    """Told of each step that was committed."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._ended = telemetry.counter("job_runs", "Runs that ended.", "job", "status")
        self._messages = telemetry.counter("job_messages", "Messages of jobs.", "job")
        self._succeeded = telemetry.gauge(
            "job_last_success_timestamp_seconds", "End of the last run.", "job", "account"
        )
        self._running = telemetry.gauge("job_running", "1 while a run goes on.", "job", "account")

    def committed(self, write: Write, verdict: Verdict) -> None:
        """Count a step and, if it was the last, its run."""
        if write.delivery is None or verdict is not Verdict.APPLIED:
            return
        try:
            step = decode_step(write.delivery.parcel.body)
        except MalformedError:
            return
        account = f"{step.account}/{step.retailer}"
        for fact in write.outcome.facts:
            if isinstance(fact, RunAdvanced):
                self._running.labels(step.job, account).set(1)
                self._messages.labels(step.job).inc(fact.messages - step.messages)
            elif isinstance(fact, RunEnded):
                self._running.labels(step.job, account).set(0)
                self._ended.labels(step.job, fact.status).inc()
                if fact.status == SUCCESSFUL:
                    self._succeeded.labels(step.job, account).set(fact.at)
