/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ output.index }*/(struct run *r)
{
	u64 *slots = slots_/*{ output.index }*/(r);

	if (!slots)
		return;
	if (!slots[0] || /*{ output.beats }*/)
		slots[1] = /*{ output.value }*/;
	PD_ADD(&slots[0], 1);
}
