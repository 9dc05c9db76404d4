/*% include "outputs/key.c" %*/

/*% for stat in output.stats %*/
/*% if stat.spread %*/
/*% include "outputs/bucket.c" %*/
/*% endif %*/
/* /*{ stat.comment }*/ */
PD_INLINE void stat_/*{ effects.index }*/_/*{ output.index }*/_/*{ stat.index }*/(struct run *r, u64 *slots, u64 *counts)
{
/*% if stat.beside %*/
	struct value_/*{ effects.index }*/_/*{ output.index }*/ *v = (void *) slots;

/*% endif %*/
/*% if stat.spread %*/
	u32 index;

/*% endif %*/
/*% for index in stat.needs %*/
	need_/*{ index }*/(r);
/*% endfor %*/
/*% if stat.uncertain %*/
	if (!/*{ stat.present }*/) {
		PD_ADD(&counts[/*{ output.account.key_absent }*/], 1);
		return;
	}
/*% endif %*/
/*% if stat.refuses_negative %*/
	if ((s64) /*{ stat.value }*/ < 0) {
		PD_ADD(&counts[/*{ output.account.negative }*/], 1);
		return;
	}
/*% endif %*/
/*% include stat.template %*/
}

/*% endfor %*/
PD_INLINE void metric_/*{ effects.index }*/_/*{ output.index }*/(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots = slots_/*{ effects.index }*/_/*{ output.index }*/(r, d, counts);

	if (!slots)
		return;
/*% for stat in output.stats %*/
	stat_/*{ effects.index }*/_/*{ output.index }*/_/*{ stat.index }*/(r, slots, counts);
/*% endfor %*/
}
