PD_INLINE void event_/*{ output.index }*/(struct run *r, u16 flags, u16 verdict)
{
	u64 *counts = pd_row(MAP(account), /*{ output.policy_row }*/);
	void *ring = pd_row(MAP(rings), /*{ output.policy_row }*/);
	struct event_/*{ output.index }*/ *e;
	u64 absent = 0;
	u64 unread = 0;
/*% if output.packed %*/
	u32 at = sizeof(*e);
/*% endif %*/

	if (!counts)
		return;
	PD_ADD(&counts[/*{ output.account.matched }*/], 1);
/*% for index in output.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% if output.packed %*/
	e = (void *) r->s->event;
/*% else %*/
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[/*{ output.account.ring_full }*/], 1);
		return;
	}
/*% endif %*/
	pd_fill_header(&e->h, /*{ output.layout }*/, /*{ output.policy_row }*/, /*{ output.rule_row }*/, /*{ output.hook }*/, flags, verdict);
/*% for column in output.columns %*/
/*% include column.template %*/
/*% endfor %*/
	e->h.absent = absent;
	e->h.unread = unread;
/*% if output.packed %*/
	e->h.length = at;
	if (!ring || pd_ring_output(ring, e, at, 0)) {
		PD_ADD(&counts[/*{ output.account.ring_full }*/], 1);
		return;
	}
/*% else %*/
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
/*% endif %*/
	PD_ADD(&counts[/*{ output.account.delivered }*/], 1);
}
