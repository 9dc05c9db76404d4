/*% if effects.shape.above %*/
/*% set output = effects.shape.above %*/
/*% for limit in output.limits %*/
/*% include "outputs/limit.c" %*/
/*% endfor %*/
/*% endif %*/
/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_/*{ effects.index }*/(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
/*% if effects.shape.self %*/
	r->self = pd_process_self(MAP(processes));
/*% endif %*/
/*% if effects.shape.parent %*/
	r->parent = pd_process_parent(MAP(processes));
/*% endif %*/
/*% if effects.shape.above %*/
	if (!flags && limit_/*{ effects.index }*/_above_0(r, d)) { /* within the rate: as if it had not matched */
/*% if effects.shape.unwritten %*/
		r->s->writes[/*{ effects.shape.unwritten }*/] = 0;
/*% endif %*/
		return;
	}
/*% endif %*/
/*% if effects.shape.acts_unread %*/
	if (flags)
		PD_ADD(&counts[/*{ effects.shape.account.unread }*/], 1);
	{
/*% include "act.c" %*/
	}
/*% if effects.shape.metrics %*/
	if (!flags) {
/*% for output in effects.shape.metrics %*/
		metric_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);
/*% endfor %*/
	}
/*% endif %*/
/*% else %*/
	if (flags) {
		PD_ADD(&counts[/*{ effects.shape.account.unread }*/], 1);
	} else {
/*% if effects.shape.acts %*/
/*% include "act.c" %*/
/*% endif %*/
/*% for output in effects.shape.metrics %*/
		metric_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);
/*% endfor %*/
	}
/*% endif %*/
/*% for output in effects.shape.events %*/
	event_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts, flags, verdict);
/*% endfor %*/
}

PD_INLINE void take_effects_/*{ effects.index }*/(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_/*{ effects.index }*/)
			break;
		item = r->s->queue_/*{ effects.index }*/[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_/*{ effects.index }*/(r, d, item >> 16);
	}
}
