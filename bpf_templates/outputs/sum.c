/*% include "outputs/key.c" %*/

PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

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
	PD_ADD(&slots[0], 1);
	PD_ADD(&slots[1], (u64) /*{ output.value }*/);
}
