"""First policies about the network: who connects where, which packets come, which the kernel drops."""

from __future__ import annotations

from policyd.starters.starter import Starter

NETWORK: tuple[Starter, ...] = (
    Starter(
        kind="connections",
        sees="connections that programs open",
        asks="addresses or networks",
        example=("10.0.0.0/8", "fd00::/8"),
        about="""\
Who connects where: every connect() to an IPv4 or IPv6 address, before the kernel acts on it.

With `mode: enforce` and an `action`, connections are refused: see the comments below.""",
        body="""\
spec:
  description: Connections that programs open
  severity: info # info, low, medium, high or critical: it stands in every event
  mode: monitor # nothing is refused; `mode: enforce` takes the actions of rules
  params:
    # Values that can be changed while the policy runs: policyd params set $policy networks=10.0.0.0/8
    # `optional` lets filters that use the param pass while it has no values: all connections are told then.
    networks: {type: cidr, optional: true$values}
  rules:
    - name: connect
      hook: {cgroup: [connect4, connect6]}
      # All filters of a list must hold.
      filters:
        - {field: dst.ip, operator: InCIDR, valuesFrom: {param: networks}}
        # - {field: dst.port, operator: NotIn, values: [53, 443]}
      outputs:
        - event: {fields: [process.pid, process.comm, process.exe, protocol, dst.ip, dst.port]}
        - counter:
            name: connections_opened_total
            help: Calls of connect(), by process name and destination port
            by: [process.comm, dst.port]
            evict: true # when there are too many series, the one that was not seen for longest makes room
      # action: {deny: EPERM}
""",
    ),
    Starter(
        kind="packets",
        sees="packets from networks, and drop them",
        asks="addresses or networks that packets come from",
        example=("203.0.113.0/24",),
        about="""\
Packets from some networks, counted as early as the kernel can, and dropped once that is wanted.

In `mode: monitor` drops are counted, not made. Look at the counter first; then write `mode: enforce`, and apply again.""",
        body="""\
spec:
  description: Packets that come from some networks
  severity: medium # info, low, medium, high or critical: it stands in every event
  mode: monitor # `mode: enforce` drops
  params:
    # Values that can be changed while the policy runs: policyd params set $policy blocked=203.0.113.0/24,2001:db8::/32
    blocked: {type: cidr, values: $names}
  rules:
    - name: source
      # Globs are fine: ['eth*', 'en*']. mode: auto runs in the driver where it can.
      hook: {xdp: {interfaces: [$interface], mode: generic}}
      filters:
        - {field: src.ip, operator: InCIDR, valuesFrom: {param: blocked}}
      outputs:
        - counter:
            name: packets_from_blocked_networks_total
            help: Packets from blocked networks, by source address and protocol
            by: [src.ip, protocol]
            evict: true # when there are too many series, the one that was not seen for longest makes room
      action: {drop: true}
""",
        reads=("metrics $policy --plot",),
        required=True,
    ),
    Starter(
        kind="drops",
        sees="packets that the kernel drops, and why",
        asks="reasons, as the kernel spells them",
        example=("SKB_DROP_REASON_NO_SOCKET", "SKB_DROP_REASON_NETFILTER_DROP"),
        about="""\
Packets that the kernel throws away: for which reason, and where in its code.

`policyd explain type 'enum skb_drop_reason'` lists the reasons of this kernel.""",
        body="""\
spec:
  description: Packets that the kernel drops
  rules:
    - name: dropped
      hook: {raw_tracepoint: kfree_skb}
$filters
      outputs:
        - counter:
            name: packets_dropped_total
            help: Packets dropped by the kernel, by reason and place
            by: {reason: args.reason, place: args.location}
            evict: true # when there are too many series, the one that was not seen for longest makes room
""",
        narrow="{field: args.reason, operator: In, values: $names}",
        reads=("metrics $policy --plot",),
    ),
)
