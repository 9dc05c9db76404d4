/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);

	if (!slots)
		return;
	if (!slots[0] || /*{ output.beats }*/)
		slots[1] = /*{ output.value }*/;
	PD_ADD(&slots[0], 1);
}
