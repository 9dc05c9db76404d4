"""First policies about programs: what they open, start and call, and how long it takes."""

from __future__ import annotations

from policyd.starters.starter import Starter

PROGRAMS: tuple[Starter, ...] = (
    Starter(
        kind="files",
        sees="files that programs open, by folder",
        asks="folders or files; a folder stands for all that is below it",
        example=("/etc",),
        about="""\
Files that are opened: by which program, with which result, and how often.

Paths are as programs write them: relative paths and symbolic links are not seen through.
`policyd explain hook syscall:openat` tells what else can be read here.""",
        body="""\
spec:
  description: Files that programs open
  severity: info # info, low, medium, high or critical: it stands in every event
  params:
    # Values that can be changed while the policy runs: policyd params set $policy watched=/etc,/srv
    # `optional` lets filters that use the param pass while it has no values.
    watched: {type: path, optional: true$values}
  rules:
    - name: opened
      # At phase: exit the result is known (`ret`), and what the program wrote is in memory for sure: late() reads it then.
      hook: {syscall: {names: [openat, openat2], phase: exit}}
      # All filters of a list must hold. Under is the path itself, or all below it.
      filters:
        - {field: late(args.filename), operator: Under, valuesFrom: {param: watched}}
        # - {field: process.exe, operator: NotIn, values: [/usr/bin/dpkg, /usr/bin/apt]}
      outputs:
        # A line each time. More than 100 a second are counted, not told.
        - event:
            fields:
              pid: process.pid
              program: process.exe
              path: late(args.filename)
              result: ret
            rateLimit: {events: 100, per: 1s}
        # A number for each program: every time counts.
        - counter:
            name: files_opened_total
            help: Files opened, by the name of the process
            by: [process.comm]
""",
    ),
    Starter(
        kind="programs",
        sees="programs that are started, with arguments",
        asks="programs, as whole paths",
        example=("/usr/bin/curl", "/usr/bin/wget"),
        about="""\
Programs that are started: by whom, with which arguments, and how often.

Arguments are the kernel's own copy: the program cannot change them behind our back.""",
        body="""\
spec:
  description: Programs that are started
  severity: info # info, low, medium, high or critical: it stands in every event
  params:
    # Values that can be changed while the policy runs: policyd params set $policy watched=/usr/bin/ssh
    # `optional` lets filters that use the param pass while it has no values: all programs are told then.
    watched: {type: path, optional: true$values}
  rules:
    - name: started
      # The message stands in every event; names in braces are filled in.
      message: "{process.parent.exe} started {process.exe}"
      hook: {raw_tracepoint: sched_process_exec}
      # All filters of a list must hold. `policyd explain operators` lists what else they can ask.
      filters:
        - {field: process.exe, operator: In, valuesFrom: {param: watched}}
        # - {field: process.uid, operator: NotEqual, value: 0}
      outputs:
        - event:
            fields:
              pid: process.pid
              uid: process.uid
              program: process.exe
              arguments: process.args
              parent: process.parent.exe
        - counter:
            name: programs_started_total
            help: Programs started, by the name of the process that started them
            by: [process.parent.comm]
""",
    ),
    Starter(
        kind="syscalls",
        sees="how long system calls take, by program",
        asks="system calls",
        example=("fsync", "openat"),
        about="""\
How long system calls take: a histogram for each program and call.

`policyd explain hook syscall:NAME` tells the arguments of a call: they can be filters, keys and values too.""",
        body="""\
spec:
  description: How long system calls take
  rules:
    - name: call
      # phase: call is there as the call ends, with its arguments, its result (`ret`) and its `duration`.
      hook: {syscall: {names: $names, phase: call}}
      # filters:
      #   - {field: duration, operator: Greater, value: 10ms}
      outputs:
        - histogram:
            name: syscall_seconds
            help: How long system calls take, by process name and call
            by: {program: process.comm, call: hook.name}
            value: duration
            buckets: {log2: 1us..16s} # powers of two; {linear: 0..1000, step: 50} and [1ms, 10ms, 1s] are ways too
    # Calls that failed: below zero, a result is an error.
    - name: failed
      hook: {syscall: {names: $names, phase: exit}}
      filters:
        - {field: ret, operator: Less, value: 0}
      outputs:
        - counter:
            name: syscall_errors_total
            help: System calls that failed, by process name, call and error
            by: {program: process.comm, call: hook.name, error: ret}
""",
        reads=("metrics $policy --plot",),
        required=True,
    ),
    Starter(
        kind="functions",
        sees="how long functions of the kernel take",
        asks="functions of the kernel",
        example=("vfs_read", "vfs_write"),
        about="""\
How long functions of the kernel take: a histogram for each program and function.

Names of functions differ between kernels. `policyd explain hook function:NAME` tells what sees one here.""",
        body="""\
spec:
  description: How long functions of the kernel take
  rules:
    - name: call
      # phase: call is there as the function returns, with its arguments, its result (`ret`) and its `duration`.
      hook: {function: {names: $names, phase: call}}
      # filters:
      #   - {field: duration, operator: Greater, value: 1ms}
      outputs:
        - histogram:
            name: function_seconds
            help: How long functions of the kernel take, by process name and function
            by: {program: process.comm, function: hook.name}
            value: duration
            buckets: {log2: 100ns..16s} # powers of two; {linear: 0..1000, step: 50} and [1ms, 10ms, 1s] are ways too
""",
        reads=("metrics $policy --plot",),
        required=True,
    ),
    Starter(
        kind="libraries",
        sees="how long functions of libc take, by program",
        asks="functions of the C library",
        example=("getaddrinfo",),
        about="""\
How long functions of the C library take, by program.

For a function of a program write `path: /usr/bin/bash` in the place of `library: libc`.
`policyd explain hook uprobe:libc:get*` lists functions of a library, or of a file.""",
        body="""\
spec:
  description: How long functions of the C library take
  rules:
    - name: call
      # Symbols say nothing of types: arguments and results are declared, as `args: {size: size}` and `ret: s32`.
      hook: {uprobe: {library: libc, symbols: $names, ret: s64, phase: call}}
      outputs:
        - histogram:
            name: library_seconds
            help: How long functions of the C library take, by process name and function
            by: {program: process.comm, function: hook.name}
            value: duration
            buckets: {log2: 100ns..64s} # powers of two; {linear: 0..1000, step: 50} and [1ms, 10ms, 1s] are ways too
""",
        reads=("metrics $policy --plot",),
        required=True,
    ),
)
