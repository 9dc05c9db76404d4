/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);

	if (slots)
		slots[0] = /*{ output.value }*/;
}
