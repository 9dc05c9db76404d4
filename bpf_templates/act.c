		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[/*{ effects.shape.account.acted }*/], 1);
/*% if effects.shape.verdict %*/
			if (r->s->verdict < d->level) {
				r->s->verdict = d->level;
				r->s->number = d->number;
			}
/*% endif %*/
/*% if effects.shape.signal %*/
			if (!pd_is_spared())
				pd_send_signal(d->signal);
/*% endif %*/
		} else {
			PD_ADD(&counts[/*{ effects.shape.account.would_act }*/], 1);
		}
