/*% include "outputs/key.c" %*/

/*% for stat in output.stats %*/
/*% if stat.spread %*/
/*% include "outputs/bucket.c" %*/
/*% endif %*/
PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;
/*% if stat.spread %*/
	u32 index;
/*% endif %*/

/*% if stat.refuses_negative %*/
/*% for index in stat.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
	if (/*{ output.present }*/ && (s64) /*{ stat.value }*/ < 0) {
		PD_ADD(&counts[/*{ output.account.negative }*/], 1);
		return;
	}
/*% endif %*/
	slots = slots_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);
	if (!slots)
		return;
/*% include stat.template %*/
}
/*% endfor %*/
