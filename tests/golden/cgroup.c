/* policyd 0.1.0, cgroup:/sys/fs/cgroup:bind6, pd_4fd3980045cd */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */



/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 10
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf5af2c9e998dULL
#define PD_CANARY_PROGRAM 0x4fd3980045cdULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_24_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 384, 16);
PD_MAP(busy, 6, 4, 8, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

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
	struct pd_address c0; /* src_ip */
	u16 c1; /* src_port */
	u8 pad0[6];
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u64 v0;
	struct pd_address v1;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[3];
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 384, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/cgroup_address.c */

/* fields/sockaddr.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* src.port */
PD_INLINE u8 fetch_0(struct run *r)
{
	return sockaddr_src_port(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* src.ip */
PD_INLINE u8 fetch_1(struct run *r)
{
	return sockaddr_src_ip(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 24 "tests/golden/cgroup.yaml"
/* src.port Less */
PD_INLINE int test_0(struct run *r, int unread)
{
	struct pd_scalar *scalar = pd_row(MAP(scalars), 0);

	if (!scalar || !scalar->set)
		return 0;
	return (r->s->v0 < scalar->low);
}
#line here "policyd.c"

#line 21 "tests/golden/cgroup.yaml"
/* cgroup/binds */
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

	need_1(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(&key->c0, &r->s->v1, sizeof(key->c0));
	key->c1 = r->s->v0;
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_4fd3980045cd(void *ctx)
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

/* policyd 0.1.0, cgroup:/sys/fs/cgroup:connect4, pd_05b11f453b96 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_FAMILY 2
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x4dd5c0640b94ULL
#define PD_CANARY_PROGRAM 0x5b11f453b96ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(hash_256_8_f1, 12, 4, 4, 4096);
PD_MAP(lpm_trie_260_8_f1, 12, 4, 4, 4096);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 704, 16);
PD_MAP(busy, 6, 4, 8, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

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
	u32 c0; /* process_pid */
	u32 c1; /* process_ppid */
	u32 c2; /* process_uid */
	u8 c3[16]; /* process_comm */
	u8 c4[256]; /* process_exe */
	u16 c5; /* family */
	u8 c6; /* protocol */
	u8 pad0[1];
	struct pd_address c7; /* dst_ip */
	u16 c8; /* dst_port */
	u8 pad1[6];
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
	struct pd_address v0;
	u64 v1;
	u64 v3;
	u64 v4;
	u64 v5;
	PD_STRING(16) v6;
	u64 v7;
	u64 v8;
	u32 queued_0;
	u32 queue_0[1];
	u64 key[34];
	u8 state[9]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 704, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/cgroup_address.c */

/* fields/sockaddr.c */

/* hooks/cgroup_verdict.c */

/* fields/process.c */

/* fields/task.c */

/* dst.ip */
PD_INLINE u8 fetch_0(struct run *r)
{
	return sockaddr_dst_ip(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* dst.port */
PD_INLINE u8 fetch_1(struct run *r)
{
	return sockaddr_dst_port(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.pid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_pid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.ppid */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_ppid(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* process.uid */
PD_INLINE u8 fetch_5(struct run *r)
{
	return process_uid(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* process.comm */
PD_INLINE u8 fetch_6(struct run *r)
{
	return process_comm(r, r->s->v6.data, &r->s->v6.length, &r->s->v6.cut);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* family */
PD_INLINE u8 fetch_7(struct run *r)
{
	return sockaddr_family(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* protocol */
PD_INLINE u8 fetch_8(struct run *r)
{
	return sockaddr_protocol(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

#line 14 "tests/golden/cgroup.yaml"
/* dst.ip InCIDR */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((r->s->v0.high == 0) && ((r->s->v0.low & 0xffffffffffULL) == 0xaffff0000ULL));
}
#line here "policyd.c"

#line 15 "tests/golden/cgroup.yaml"
/* dst.port In */
PD_INLINE int test_1(struct run *r, int unread)
{
	int found = pd_in_numbers(MAP(hash_8_8_f1), 0, r->s->v1);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 16 "tests/golden/cgroup.yaml"
/* process.exe not In */
PD_INLINE int test_2(struct run *r, int unread)
{
	if ((r->self ? PD_OK : PD_UNREAD) == PD_UNREAD)
		return unread;
	if ((r->self ? PD_OK : PD_UNREAD) != PD_OK)
		return 1;
	int found = pd_in_strings(MAP(hash_256_8_f1), 0, (char *) r->s->key, 256, r->self->exe, r->self->exe_length);

	return found == PD_EMPTY ? 1 : !found;
}
#line here "policyd.c"

#line 17 "tests/golden/cgroup.yaml"
/* process.exe not Under */
PD_INLINE int test_3(struct run *r, int unread)
{
	if ((r->self ? PD_OK : PD_UNREAD) == PD_UNREAD)
		return unread;
	if ((r->self ? PD_OK : PD_UNREAD) != PD_OK)
		return 1;
	int found = pd_in_folders(MAP(lpm_trie_260_8_f1), 0, (struct pd_prefix_key *) r->s->key, r->self->exe, r->self->exe_length);

	return found == PD_EMPTY ? 1 : !found;
}
#line here "policyd.c"

#line 11 "tests/golden/cgroup.yaml"
/* cgroup/connects */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1)))
		return;
	if (((r->self ? PD_OK : PD_UNREAD) == PD_UNREAD) && !(test_0(r, 0) && test_1(r, 0) && test_2(r, 0) && test_3(r, 0)))
		flags = PD_FLAG_UNREAD;
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
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_7(r);
	need_8(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xe7a696ebULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v3;
	e->f.c1 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 1);
	e->f.c2 = r->s->v5;
	if (r->s->state[6] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v6.data, r->s->v6.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[6], 3);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK)
		pd_put_string(e->f.c4, sizeof(e->f.c4), r->self->exe, r->self->exe_length);
	else
		__builtin_memset(e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 4);
	e->f.c5 = r->s->v7;
	e->f.c6 = r->s->v8;
	__builtin_memcpy(&e->f.c7, &r->s->v0, sizeof(e->f.c7));
	e->f.c8 = r->s->v1;
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
	r->self = pd_process_self(MAP(processes));
	r->s->state[0] = fetch_0(r);
	r->s->state[1] = fetch_1(r);
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_05b11f453b96(void *ctx)
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

/* policyd 0.1.0, cgroup:/sys/fs/cgroup:skb_ingress, pd_30076beb861d */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (1)
#define PD_THREAD() pd_thread()
#define PD_FAMILY 2
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x4babaf8b70efULL
#define PD_CANARY_PROGRAM 0x30076beb861dULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 536, 16);
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
	u16 c0; /* family */
	u8 c1; /* protocol */
	u8 pad0[5];
	struct pd_address c2; /* src_ip */
	u16 c3; /* src_port */
	u8 pad1[6];
	struct pd_address c4; /* dst_ip */
	u16 c5; /* dst_port */
	u8 pad2[6];
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
	struct pd_address v3;
	u64 v4;
	struct pd_address v5;
	u64 v6;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 536, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/skb.c */

/* fields/packet.c */

/* hooks/cgroup_skb.c */

/* fields/process.c */

/* fields/thread.c */

/* udp.dst_port */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_udp_dst_port(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* family */
PD_INLINE u8 fetch_1(struct run *r)
{
	return packet_family(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* protocol */
PD_INLINE u8 fetch_2(struct run *r)
{
	return packet_protocol(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* src.ip */
PD_INLINE u8 fetch_3(struct run *r)
{
	return packet_src_ip(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* src.port */
PD_INLINE u8 fetch_4(struct run *r)
{
	return packet_src_port(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* dst.ip */
PD_INLINE u8 fetch_5(struct run *r)
{
	return packet_dst_ip(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* dst.port */
PD_INLINE u8 fetch_6(struct run *r)
{
	return packet_dst_port(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

#line 30 "tests/golden/cgroup.yaml"
/* udp.dst_port Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return (r->s->v0 == 53);
}
#line here "policyd.c"

#line 27 "tests/golden/cgroup.yaml"
/* cgroup/packets */
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
	need_4(r);
	need_5(r);
	need_6(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1133903597, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 0);
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	if (r->s->state[3] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v3, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[3], 2);
	e->f.c3 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 3);
	if (r->s->state[5] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v5, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[5], 4);
	e->f.c5 = r->s->state[6] == PD_OK ? r->s->v6 : 0;
	pd_mark(&absent, &unread, r->s->state[6], 5);
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

PD_ENTRY int pd_30076beb861d(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_exec, pd_045440bc0489 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 1400, 1);
PD_MAP(exec_work, 6, 4, 1368, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

/* fields/process_table.c */

/* internal/process_exec_types.c */

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

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	struct pd_climb climb;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1400, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task_began.c */

/* fields/path.c */

/* An exec writes the process's row: the path of the file by its dentries, as the mounts stand, and the argument block.
 * Of a path that does not fit the last names are kept, and no slash before them: it must not pass for a whole one. */
PD_INLINE u32 pd_exec_path(struct run *r, struct pd_exec *work, struct linux_binprm *bprm, u8 *cut)
{
	struct pd_climb *climb = &r->s->climb;
	u64 file = PD_FOLLOW(struct linux_binprm, bprm, file);
	u64 dentry = PD_FOLLOW(struct file, file, f_path.dentry);
	u64 vfsmount = PD_FOLLOW(struct file, file, f_path.mnt);
	u32 end = pd_climb(climb, dentry, vfsmount, 0, PD_NAMES);
	u64 length = 0;
	u64 name;
	u32 at = 255;

	*cut = end != PD_AT_ROOT && end != PD_AT_END;
	if (end == PD_AT_END && !climb->count) { /* a file without a directory: memfd */
		climb->names[0] = dentry;
		climb->count = 1;
	}
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < PD_NAMES; i++) {
		PD_OPAQUE(i);
		if (i >= climb->count)
			break;
		dentry = climb->names[i];
		name = PD_FOLLOW(struct dentry, dentry, d_name.name);
		pd_read_kernel(&length, sizeof(u32), PD_AT(struct dentry, dentry, d_name.len));
		if (length + 1 > at) {
			*cut = 1;
			break;
		}
		at -= length + 1;
		PD_OPAQUE(at);
		at &= 255;
		length &= 255;
		pd_read_kernel(&work->path[at + 1], length, (void *) name);
		work->path[at] = '/';
	}
	return *cut && at != 255 ? at + 1 : at;
}

PD_INLINE void pd_exec_args(struct pd_exec *work, struct task_struct *task)
{
	struct mm_struct *mm = 0;
	u64 start = 0;
	u64 end = 0;
	u64 length;

	work->row.args_length = 0;
	work->row.args_cut = 0;
	pd_read_kernel(&mm, sizeof(mm), PD_AT(struct task_struct, task, mm));
	if (!mm)
		return;
	pd_read_kernel(&start, sizeof(start), PD_AT(struct mm_struct, mm, arg_start));
	pd_read_kernel(&end, sizeof(end), PD_AT(struct mm_struct, mm, arg_end));
	if (end <= start + 1)
		return;
	length = end - start - 1;
	if (length > 255) {
		length = 255;
		work->row.args_cut = 1;
	}
	PD_OPAQUE(length);
	if (length > 255 || pd_read_user(work->row.args, length, (void *) start))
		return;
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < 255; i++) {
		PD_OPAQUE(i); /* one step after the other: a newer compiler takes many at once, and checks the end once */
		if (i >= length)
			break;
		if (!work->row.args[i])
			work->row.args[i] = ' ';
	}
	work->row.args_length = length;
}

PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *task = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct linux_binprm *bprm = (struct linux_binprm *) PD_CONTEXT(u64, r->ctx, 16);
	struct pd_exec *work = pd_row(MAP(exec_work), 0);
	struct pd_process *before;
	u32 pid = 0;
	u32 at;
	u32 length;

	if (!work || pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return;
	__builtin_memset(work->row.args, 0, sizeof(work->row.args));
	__builtin_memset(work->row.exe, 0, sizeof(work->row.exe));
	at = pd_exec_path(r, work, bprm, &work->row.exe_cut) & 255;
	length = (255 - at) & 255;
	pd_read_kernel(work->row.exe, length, &work->path[at]);
	work->row.exe_length = length;
	pd_exec_args(work, task);
	before = pd_process_of(MAP(processes), pid);
	work->row.began.origin = pd_origin(task, 0, before ? before->began.origin : 0);
	pd_begin(task, &work->row.began);
	pd_map_update(MAP(processes), &pid, &work->row, 0);
}

PD_ENTRY int pd_045440bc0489(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_process_exit, pd_35bfe8fad4cc */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 320, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

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

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 320, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* The last thread of a process drops its row; rules at this hook have seen it before. */
PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *task = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct signal_struct *signal = 0;
	u32 pid = 0;
	int live = 1;

	pd_read_kernel(&signal, sizeof(signal), PD_AT(struct task_struct, task, signal));
	if (signal)
		pd_read_kernel(&live, sizeof(live), PD_AT(struct signal_struct, signal, live.counter));
	if (live > 0)
		return;
	if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, task, tgid)))
		return;
	pd_map_delete(MAP(processes), &pid);
}

PD_ENTRY int pd_35bfe8fad4cc(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, raw_tracepoint:sched_process_fork, pd_6826551c18ae */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(scratch, 6, 4, 320, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/process_table.c */

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

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	u8 state[1]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 320, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task_began.c */

/* A new process begins with its parent's program; a new thread changes nothing. */
PD_INLINE void pd_internal(struct run *r)
{
	struct task_struct *parent = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 0);
	struct task_struct *child = (struct task_struct *) PD_CONTEXT(u64, r->ctx, 8);
	struct pd_process *row;
	u32 pid = 0;
	u32 tid = 0;
	u32 from = 0;

	if (pd_read_kernel(&pid, sizeof(pid), PD_AT(struct task_struct, child, tgid)) ||
	    pd_read_kernel(&tid, sizeof(tid), PD_AT(struct task_struct, child, pid)) || pid != tid)
		return;
	if (pd_read_kernel(&from, sizeof(from), PD_AT(struct task_struct, parent, tgid)))
		return;
	row = pd_process_of(MAP(processes), from);
	if (!row) {
		pd_map_delete(MAP(processes), &pid); /* the number may have been another's */
		return;
	}
	pd_map_update(MAP(processes), &pid, row, 0);
	row = pd_process_of(MAP(processes), pid);
	if (!row)
		return;
	row->began.origin = pd_origin(child, parent, row->began.origin);
	pd_begin(child, &row->began);
}

PD_ENTRY int pd_6826551c18ae(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	pd_internal(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
