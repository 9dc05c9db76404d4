/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ output.index }*/(struct run *r)
{
	u64 *slots = slots_/*{ output.index }*/(r);

	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], (u64) /*{ output.value }*/);
}
