/*% if shard.rules or shard.saves %*/
PD_INLINE void run_/*{ shard.index }*/(struct run *r)
{
/*% if shard.first %*/
/*% if program.cleared %*/
/*% for offset, size in program.cleared %*/
	__builtin_memset(r->s->state + /*{ offset }*/, 0, /*{ size }*/);
	PD_BARRIER(); /* the compiler would join the two, and then has no function to call */
/*% endfor %*/
/*% else %*/
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
/*% endif %*/
/*% for flag in program.searches %*/
	r->s->/*{ flag }*/ = 0;
/*% endfor %*/
/*% if program.writes %*/
	r->s->writing = 0;
/*% endif %*/
/*% endif %*/
/*% for scope in shard.scopes %*/
	r->s->scopes[/*{ scope }*/] = scope_/*{ scope }*/(r);
/*% endfor %*/
/*% if shard.some_in_scope and not program.chained and not shard.saves %*/
	if (!/*{ shard.some_in_scope }*/)
		return;
/*% endif %*/
/*% if shard.first %*/
/*% if program.packet %*/
	pd_parse(r->ctx, &r->s->packet);
/*% endif %*/
/*% endif %*/
/*% if program.self_first %*/
	r->self = pd_process_self(MAP(processes));
/*% endif %*/
/*% if program.parent_first %*/
	r->parent = pd_process_parent(MAP(processes));
/*% endif %*/
/*% if shard.first %*/
/*% for index in program.eager %*/
	r->s->state[/*{ index }*/] = fetch_/*{ index }*/(r);
/*% endfor %*/
/*% endif %*/
/*% for take in shard.takes %*/
	r->s->queued_/*{ take.effects }*/ = 0;
/*% endfor %*/
/*% for rule in shard.rules %*/
/*% if rule.searches %*/
	seek_/*{ rule.index }*/(r);
/*% endif %*/
/*% endfor %*/
/*% for flag in shard.searches %*/
	/*{ flag }*/(r);
/*% endfor %*/
/*% for rule in shard.rules %*/
	match_/*{ rule.index }*/(r);
/*% endfor %*/
/*% for due in shard.dues %*/
	if (/*{ due.wanted }*/)
		need_/*{ due.index }*/(r);
/*% endfor %*/
/*% if shard.saves %*/
	save_call(r);
/*% endif %*/
/*% for take in shard.takes %*/
	take_effects_/*{ take.effects }*/(r, /*{ take.rules }*/);
/*% endfor %*/
/*% for write in shard.writes %*/
	take_/*{ write.index }*/(r);
/*% endfor %*/
/*% if shard.last and program.writes %*/
	if (r->s->writing)
		write_tables(r);
/*% endif %*/
}

/*% endif %*/
PD_ENTRY /*{ program.result }*/ /*{ shard.entry }*/(void *ctx)
{
/*% if program.preemptible and shard.first %*/
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
/*% elif program.preemptible %*/
	struct run r = {.ctx = ctx, .s = pd_find(MAP(scratch), ctx)};
/*% else %*/
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
/*% endif %*/
	/*{ program.result }*/ verdict;

	if (!r.s) { /* no such slot: all are in use */
/*% if program.preemptible %*/
/*% for row in program.policy_rows %*/
		pd_account(MAP(account), /*{ row }*/, /*{ program.account.nested }*/);
/*% endfor %*/
/*% endif %*/
		return PD_NEUTRAL;
	}
/*% if program.objects %*/
	pd_take_object(&r);
/*% endif %*/
/*% if shard.first %*/
/*% if program.preemptible %*/
	r.s->ctx = (u64) ctx;
	r.s->slot = slot;
/*% endif %*/
	r.s->verdict = PD_VERDICT_NONE;
/*% if program.resumes %*/
	r.s->unpaired = 0;
/*% endif %*/
/*% if program.chained %*/
	r.s->canary = pd_is_canary();
/*% endif %*/
/*% if program.internal_first %*/
	pd_internal(&r);
/*% endif %*/
/*% endif %*/
/*% if program.resumes %*/
	r.call = pd_resume(MAP(calls), ctx);
/*% endif %*/
/*% if shard.rules %*/
/*% if program.chained %*/
	if (r.s->canary)
/*% else %*/
	if (pd_is_canary())
/*% endif %*/
		pd_canary(/*{ shard.begin }*/, /*{ shard.end }*/);
	else
		run_/*{ shard.index }*/(&r);
/*% elif shard.saves %*/
	run_/*{ shard.index }*/(&r);
/*% endif %*/
/*% if shard.last %*/
/*% if program.resumes %*/
	if (r.call)
		pd_end_call(MAP(calls), ctx);
	if (r.s->unpaired) {
/*% for row in program.calls.rows %*/
		pd_account(MAP(account), /*{ row }*/, /*{ program.calls.unpaired }*/);
/*% endfor %*/
	}
/*% endif %*/
/*% if program.internal_last %*/
	pd_internal(&r);
/*% endif %*/
/*% else %*/
	pd_tail_call(ctx, MAP(shards), /*{ shard.next }*/);
/*% endif %*/
	verdict = pd_finish(&r);
/*% if program.preemptible %*/
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
/*% endif %*/
	return verdict;
}
