"""The actions of rules, one row each: six verdicts and the signal.

`parsing` checks keys with them, `resolve` where they may stand (each hook's row says which verdicts it takes), `explain`
prints them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One key of an action.  `value`: what stands after it (`errno`, `number`, `signal`, `interface`, or `true` for
    a bare verdict).

    `rank` orders verdicts that meet at one packet or call: the highest wins; 0: no verdict.
    """

    name: str
    value: str
    rank: int
    where: str
    explain: str
    example: str

    @property
    def is_verdict(self) -> bool:
        return self.rank > 0


ACTIONS: dict[str, ActionKind] = {
    row.name: row
    for row in (
        ActionKind(
            "deny",
            "errno",
            4,
            "lsm, functions that take it, cgroup hooks that come before what they are about",
            "The call fails with this errno.",
            "{deny: EPERM}",
        ),
        ActionKind(
            "return",
            "number",
            3,
            "functions that take it",
            "The function is not run, and this is what it returns: any number but 0, which means that it runs.",
            "{return: -1}",
        ),
        ActionKind(
            "drop",
            "true",
            4,
            "xdp, tc, cgroup skb, sk_lookup",
            "The packet is dropped; at sk_lookup, as if nobody listened.",
            "{drop: true}",
        ),
        ActionKind(
            "redirect",
            "interface",
            3,
            "xdp, tc, netkit",
            "The packet leaves by another interface, as it is: nobody changes its MAC addresses, and it does not pass the "
            "routes and filters of this host. `direction: ingress` (not in xdp) makes it come in there instead. In xdp the "
            "other interface's driver must be able to send what another one received: of veth, in native mode, the far end "
            "needs an XDP program too (or GRO); in generic mode any can. What cannot be sent there is dropped, which only "
            "the tracepoint xdp/xdp_redirect_err tells.",
            "{redirect: {interface: eth1}}",
        ),
        ActionKind(
            "mark",
            "number",
            2,
            "tc",
            "The packet goes on with this mark (`fwmark`), for routing and filters that come after.",
            "{mark: 0x10}",
        ),
        ActionKind(
            "pass",
            "true",
            1,
            "xdp, tc, cgroup skb, sk_lookup",
            "The packet goes on. In tc that ends the chain: other programs on the interface do not see it any more.",
            "{pass: true}",
        ),
        ActionKind(
            "signal",
            "signal",
            0,
            "hooks where the current process is the actor",
            "The process gets this signal. What it had begun is not undone: the system call may still finish.",
            "{signal: SIGKILL}",
        ),
    )
}
"""Every action by its name."""

VERDICTS: tuple[str, ...] = tuple(row.name for row in ACTIONS.values() if row.is_verdict)

LATER_ACTIONS: tuple[str, ...] = ()
"""Verdicts that the language has reserved, and that are refused so far."""
