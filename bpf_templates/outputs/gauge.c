/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ output.index }*/(struct run *r)
{
	u64 *slots = slots_/*{ output.index }*/(r);

	if (slots)
		slots[0] = /*{ output.value }*/;
}
