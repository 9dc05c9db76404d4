/* /*{ program.title }*/ */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/*% include "lib/types.c" %*/

/*{ program.slice }*/

/*% include "lib/helpers.c" %*/
/*% for name in program.defines %*/
#define /*{ name }*/
/*% endfor %*/

/*% include "lib/maps.c" %*/

#ifndef PD_LITERAL_MAPS
/*% for map in program.maps %*/
PD_MAP(/*{ map.name }*/, /*{ map.type }*/, /*{ map.key_size }*/, /*{ map.value_size }*/, /*{ map.max_entries }*/);
/*% endfor %*/
#endif

/*% include "lib/numbers.c" %*/

/*% include "lib/strings.c" %*/

/*% include "lib/lists.c" %*/

/*% if program.computes %*/
/*% include "lib/computed_types.c" %*/

/*% include "lib/computed.c" %*/

/*% endif %*/
/*% for name in program.types %*/
/*% include name %*/

/*% endfor %*/
/*% if program.rules %*/
#define PD_MOST_MAPS /*{ program.most_maps }*/

/*% include "lib/rules.c" %*/

/*% endif %*/
/*{ program.structs }*/
/*% if program.calls %*/
/*{ program.calls.struct }*/
_Static_assert(sizeof(struct pd_call) == /*{ program.calls.size }*/, "the map of calls is of another size");

/*% endif %*/
/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
/*% if program.chained %*/
	u32 canary;
/*% endif %*/
/*% for member in program.members %*/
	/*{ member }*/;
/*% endfor %*/
	u8 state[/*{ program.states }*/]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[/*{ program.slack }*/];
};

_Static_assert(sizeof(struct subject) <= /*{ program.subject_bytes }*/, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
/*% if program.objects %*/
	void *reader;
/*% endif %*/
/*% if program.self %*/
	struct pd_process *self;
/*% endif %*/
/*% if program.parent %*/
	struct pd_process *parent;
/*% endif %*/
/*% if program.calls and not program.calls.begins %*/
	struct pd_call *call;
/*% endif %*/
};

/*% if program.calls %*/
/*% include "calls/keys.c" %*/

/*% endif %*/
/*% if program.preemptible %*/
/*% include "lib/scratch.c" %*/

/*% endif %*/
/*% include "lib/events.c" %*/

/*% if program.holds_back %*/
/*% include "lib/rates.c" %*/

/*% endif %*/
/*% for name in program.fields %*/
/*% include name %*/

/*% endfor %*/
/*% for value in program.values %*/
/* /*{ value.comment }*/ */
PD_INLINE u8 fetch_/*{ value.index }*/(struct run *r)
{
/*% include "fetch/parts.c" %*/
/*% include value.template %*/
}

PD_INLINE void need_/*{ value.index }*/(struct run *r)
{
	if (!r->s->state[/*{ value.index }*/])
		r->s->state[/*{ value.index }*/] = fetch_/*{ value.index }*/(r);
}

/*% endfor %*/
/*% for late in program.lates %*/
/*% include "late.c" %*/

/*% endfor %*/
/*% for machine in program.automata %*/
/*% include "automaton.c" %*/

/*% endfor %*/
/*% for test in program.tests %*/
/*% include "test.c" %*/

/*% endfor %*/
/*% for scope in program.scopes %*/
/*% include "scope.c" %*/

/*% endfor %*/
/*% for rule in program.rules %*/
/*% include "rule.c" %*/

/*% endfor %*/
/*% if program.calls and program.calls.begins %*/
/*% include "calls/save.c" %*/

/*% endif %*/
/*% for effects in program.effects %*/
/*% for output in effects.shape.metrics %*/
/*% include output.template %*/

/*% endfor %*/
/*% for output in effects.shape.events %*/
/*% include "outputs/event.c" %*/

/*% endfor %*/
/*% include "effects.c" %*/

/*% endfor %*/
/*% for write in program.writes %*/
/*% include "write.c" %*/

/*% endfor %*/
/*% if program.writes %*/
/* Every effect has been by now, in all programs of the chain: what rules write to tables, in their order. */
PD_INLINE void write_tables(struct run *r)
{
/*% if program.writes_self %*/
	r->self = pd_process_self(MAP(processes));
/*% endif %*/
/*% if program.writes_parent %*/
	r->parent = pd_process_parent(MAP(processes));
/*% endif %*/
/*% for write in program.writes %*/
	write_/*{ write.index }*/(r);
/*% endfor %*/
}

/*% endif %*/
/*% for name in program.internals %*/
/*% include name %*/

/*% endfor %*/
/*% if program.rules %*/
/*% include "lib/canary.c" %*/

/*% endif %*/
/*% for shard in program.shards %*/
/*% include "shard.c" %*/

/*% endfor %*/
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
