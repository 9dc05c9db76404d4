/* policyd 0.1.0, netfilter:ip/input/-10, pd_a3feb1f04809 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() pd_thread()
#define PD_NO_ETHERNET 1
#define PD_ETHERTYPE 0x0800
#define PD_LEAVES 0
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x20d72e3cbe7fULL
#define PD_CANARY_PROGRAM 0xa3feb1f04809ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 488, 16);
PD_MAP(busy, 6, 4, 8, 1);
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
	u32 c0; /* interface_in */
	u16 c1; /* hook_name */
	u8 pad0[2];
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	u64 v1;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u64 key[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 488, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/packet.c */

/* hooks/netfilter.c */

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

/* interface.in */
PD_INLINE u8 fetch_1(struct run *r)
{
	return netfilter_in(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 9 "tests/golden/netfilter.yaml"
/* dst.port Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return (r->s->v0 == 4711);
}
#line here "policyd.c"

#line 10 "tests/golden/netfilter.yaml"
/* interface.in Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 == 1);
}
#line here "policyd.c"

#line 6 "tests/golden/netfilter.yaml"
/* netfilter/refused */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_1(r);
	if (!(r->s->state[1] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v1;
	key->c1 = 0;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_0_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

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

PD_ENTRY int pd_a3feb1f04809(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	r.s->ctx = (u64) ctx;
	r.s->slot = slot;
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, netfilter:ip6/postrouting/0, pd_ae671d8a40f1 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() pd_thread()
#define PD_NO_ETHERNET 1
#define PD_ETHERTYPE 0x86dd
#define PD_LEAVES 1
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x372ffc53870cULL
#define PD_CANARY_PROGRAM 0xae671d8a40f1ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 496, 16);
PD_MAP(busy, 6, 4, 8, 1);
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
struct layout_0_0 {
	u32 c0; /* interface */
	u32 c1; /* interface_out */
	u32 c2; /* packet_length */
	u8 pad0[4];
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	u64 v1;
	u64 v2;
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 496, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* fields/packet.c */

/* hooks/netfilter.c */

/* fields/process.c */

/* fields/thread.c */

/* protocol */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_protocol(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* interface */
PD_INLINE u8 fetch_1(struct run *r)
{
	return packet_interface(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* interface.out */
PD_INLINE u8 fetch_2(struct run *r)
{
	return netfilter_out(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* packet.length */
PD_INLINE u8 fetch_3(struct run *r)
{
	return packet_length(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 16 "tests/golden/netfilter.yaml"
/* protocol Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return (r->s->v0 == 17);
}
#line here "policyd.c"

#line 14 "tests/golden/netfilter.yaml"
/* netfilter/left */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

PD_INLINE void event_0_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_0_0 *e;
	u64 absent = 0;
	u64 unread = 0;

	PD_ADD(&counts[0], 1);
	need_1(r);
	need_2(r);
	need_3(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1831711177, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v1;
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->f.c2 = r->s->v3;
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = sizeof(*e);
	pd_ring_submit(e, 0);
	PD_ADD(&counts[1], 1);
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
	}
	event_0_0(r, d, counts, flags, verdict);
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

PD_ENTRY int pd_ae671d8a40f1(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		pd_account(MAP(account), 0, 9);
		return PD_NEUTRAL;
	}
	r.s->ctx = (u64) ctx;
	r.s->slot = slot;
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 1);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
