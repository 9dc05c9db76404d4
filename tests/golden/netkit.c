/* policyd 0.1.0, netkit:eth0:peer, pd_f59430331f76 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (-1)
#define PD_THREAD() pd_thread()
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xb21595a9ccffULL
#define PD_CANARY_PROGRAM 0xf59430331f76ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_24_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 512, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/packet_types.c */

#define PD_MOST_MAPS 1

/* lib/rules.c */

struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};
struct key_0_0 {
	u16 c0; /* hook_name */
	u8 pad0[6];
	struct pd_address c1; /* dst_ip */
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	struct pd_address v2;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u64 key[3];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 512, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/skb.c */

/* fields/packet.c */

/* hooks/tcx.c */

/* fields/process.c */

/* fields/thread.c */

/* dst.port */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_dst_port(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* dst.ip */
PD_INLINE u8 fetch_2(struct run *r)
{
	return packet_dst_ip(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

#line 8 "tests/golden/netkit.yaml"
/* dst.port Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return (r->s->v0 == 25);
}
#line here "policyd.c"

#line 6 "tests/golden/netkit.yaml"
/* netkit/refused */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_2(r);
	if (!(r->s->state[2] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = 0;
	__builtin_memcpy(&key->c1, &r->s->v2, sizeof(key->c1));
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_24_8_f1), d->maps[0]);

	return map ? entry_0_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_0_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_0(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		verdict = settings->flags & PD_CONFIG_ENFORCE ? d->taken : d->held;
		if (settings->flags & PD_CONFIG_ENFORCE) {
			PD_ADD(&counts[7], 1);
			if (r->s->verdict < d->level) {
				r->s->verdict = d->level;
				r->s->number = d->number;
			}
		} else {
			PD_ADD(&counts[8], 1);
		}
		metric_0_0(r, d, counts);
	}
}

PD_INLINE void take_effects_0(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_0)
			break;
		item = r->s->queue_0[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_0(r, d, item >> 16);
	}
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	pd_parse(r->ctx, &r->s->packet);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_f59430331f76(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
