/*% for limit in output.limits %*/
/*% include "outputs/limit.c" %*/
/*% endfor %*/
PD_INLINE void event_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
/*% if not output.streamed %*/
	void *ring = pd_row(MAP(rings), d->policy);
/*% endif %*/
	struct event_/*{ effects.index }*/_/*{ output.index }*/ *e;
	u64 absent = 0;
	u64 unread = 0;
/*% if output.packed %*/
	u32 at = sizeof(*e);
/*% endif %*/

	PD_ADD(&counts[/*{ output.account.matched }*/], 1);
/*% for row in output.samples %*/
	if (!pd_is_drawn(pd_row(MAP(scalars), /*{ row }*/))) {
		PD_ADD(&counts[/*{ output.account.sampled_out }*/], 1);
		return;
	}
/*% endfor %*/
/*% for limit in output.limits %*/
	if (!limit_/*{ effects.index }*/_/*{ output.index }*/_/*{ limit.index }*/(r, d)) {
		PD_ADD(&counts[/*{ output.account.rate_limited }*/], 1);
		return;
	}
/*% endfor %*/
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
	pd_fill_header(&e->h, /*{ output.layout }*/, d->policy, d->rule, d->hook, flags, verdict);
/*% for column in output.columns %*/
/*% include column.template %*/
/*% endfor %*/
	e->h.absent = absent;
	e->h.unread = unread;
/*% if output.packed %*/
	e->h.length = at;
/*% if output.streamed %*/
	if (pd_show(r, e, at)) {
		PD_ADD(&counts[/*{ output.account.matched }*/], -1); /* not yet: it comes again */
		return;
	}
/*% else %*/
	if (!ring || pd_ring_output(ring, e, at, 0)) {
		PD_ADD(&counts[/*{ output.account.ring_full }*/], 1);
		return;
	}
/*% endif %*/
/*% else %*/
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
/*% endif %*/
	PD_ADD(&counts[/*{ output.account.delivered }*/], 1);
}
