/*% include "outputs/key.c" %*/

PD_INLINE u32 bucket_/*{ effects.index }*/_/*{ output.index }*/(struct run *r)
{
	u64 value = /*{ output.value }*/;
/*% if output.log2 %*/
	u32 bits = pd_bits(value);

	return bits > /*{ output.start }*/ ? bits - /*{ output.start }*/ : 0;
/*% elif output.linear %*/

	if (/*{ output.below }*/)
		return 0;
	if (/*{ output.beyond }*/) /* here too, so that no large number is cut to 32 bits */
		return /*{ output.last }*/;
	return (value - /*{ output.start }*/ - 1) / /*{ output.step }*/ + 1;
/*% else %*/
	u32 index = 0;

/*% for above in output.above %*/
	index += /*{ above }*/;
/*% endfor %*/
	return index;
/*% endif %*/
}

PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
	u32 index;

/*% for index in output.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% if output.refuses_negative %*/
	if (/*{ output.present }*/ && (s64) /*{ output.value }*/ < 0) {
		PD_ADD(&counts[/*{ output.account.negative }*/], 1);
		return;
	}
/*% endif %*/
	slots = slots_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);
	if (!slots)
		return;
	index = bucket_/*{ effects.index }*/_/*{ output.index }*/(r);
	if (index > /*{ output.last }*/)
		index = /*{ output.last }*/;
	*(volatile u32 *) &r->s->bucket = index; /* the verifier forgets how it came to be, and follows one path from here */
	index = *(volatile u32 *) &r->s->bucket;
	if (index > /*{ output.last }*/)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], /*{ output.value }*/);
	PD_ADD(&slots[2 + index], 1);
}
