"""First policies about the whole host: events of the kernel, and what its CPUs are busy with."""

from __future__ import annotations

from policyd.starters.starter import Starter

HOST: tuple[Starter, ...] = (
    Starter(
        kind="tracepoints",
        sees="how often events of the kernel happen",
        asks="tracepoints, as SYSTEM/EVENT",
        example=("sched/sched_process_fork", "sched/sched_process_exit"),
        about="""\
How often events of the kernel happen, by program.

`policyd explain hook tracepoint:SYSTEM/EVENT` tells the fields of one: they can be filters, keys and values too.""",
        body="""\
spec:
  description: Events of the kernel, counted
  rules:
    - name: event
      hook: {tracepoint: $names}
      # filters:
      #   - {field: process.uid, operator: Equal, value: 0}
      outputs:
        - counter:
            name: kernel_events_total
            help: Events of the kernel, by process name and tracepoint
            by: {program: process.comm, event: hook.name}
            evict: true # when there are too many series, the one that was not seen for longest makes room
""",
        reads=("metrics $policy --plot",),
        required=True,
    ),
    Starter(
        kind="cpu",
        sees="what the CPUs are busy with, by sampling",
        asks="names of processes, as in `ps -e`",
        example=("postgres",),
        about="""\
What the CPUs are busy with: each CPU is looked at 99 times a second. A sample says what is frequent, not what happened.""",
        body="""\
spec:
  description: What the CPUs are busy with
  params:
    # Values that can be changed while the policy runs: policyd params set $policy processes=postgres
    # `optional` lets filters that use the param pass while it has no values: all processes are counted then.
    processes: {type: string16, optional: true$values}
  rules:
    - name: sample
      hook: {perf: {event: cpu-clock, frequency: 99}}
      filters:
        - {field: process.pid, operator: NotEqual, value: 0} # an idle CPU
        - {field: process.comm, operator: In, valuesFrom: {param: processes}}
      outputs:
        - counter:
            name: cpu_samples_total
            help: Samples of CPUs that were busy, by process name
            by: [process.comm]
            evict: true # when there are too many series, the one that was not seen for longest makes room
""",
        reads=("metrics $policy --plot",),
    ),
)
