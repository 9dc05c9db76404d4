/*% if rule.line %*/
#line /*{ rule.line }*/ /*{ rule.file }*/
/*% endif %*/
/* /*{ rule.comment }*/ */
PD_INLINE void rule_/*{ rule.index }*/(struct run *r)
{
	struct pd_config *settings;
	u16 verdict = 0;
	u16 flags = 0;

	if (!/*{ rule.condition }*/)
		return;
/*% if rule.can_be_unread %*/
	if (/*{ rule.some_unread }*/ && !/*{ rule.condition_for_sure }*/)
		flags = PD_FLAG_UNREAD;
/*% endif %*/
	settings = pd_row(MAP(config), /*{ rule.policy_row }*/);
	if (!settings || settings->flags & PD_CONFIG_SUSPEND)
		return;
/*% if rule.self %*/
	r->self = pd_process_self(MAP(processes));
/*% endif %*/
/*% if rule.parent %*/
	r->parent = pd_process_parent(MAP(processes));
/*% endif %*/
/*% if rule.can_be_unread %*/
	if (flags)
		pd_account(MAP(account), /*{ rule.policy_row }*/, /*{ rule.account.unread }*/);
/*% endif %*/
	if (!flags) {
/*% if rule.acts %*/
		verdict = settings->flags & PD_CONFIG_ENFORCE ? /*{ rule.verdict_taken }*/ : /*{ rule.verdict_held }*/;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			pd_account(MAP(account), /*{ rule.policy_row }*/, /*{ rule.account.acted }*/);
/*% if rule.verdict %*/
			if (r->s->verdict < /*{ rule.verdict_level }*/) {
				r->s->verdict = /*{ rule.verdict_level }*/;
				r->s->number = /*{ rule.verdict_number }*/;
			}
/*% endif %*/
/*% if rule.signal %*/
			if (pd_pid_tgid() >> 32 != 1) /* never the init process */
				pd_send_signal(/*{ rule.signal_number }*/);
/*% endif %*/
		} else {
			pd_account(MAP(account), /*{ rule.policy_row }*/, /*{ rule.account.would_act }*/);
		}
/*% endif %*/
/*% for output in rule.metrics %*/
		metric_/*{ output.index }*/(r);
/*% endfor %*/
	}
/*% for output in rule.events %*/
	event_/*{ output.index }*/(r, flags, verdict);
/*% endfor %*/
}
/*% if rule.line %*/
#line here
/*% endif %*/
