/* policyd 0.1.0, raw_tracepoint:block_bio_queue, pd_72b31729662d */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x517fe792a317ULL
#define PD_CANARY_PROGRAM 0x72b31729662dULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 368, 1);
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
struct layout_0_0 {
	u32 c0; /* args_bio_device */
	u8 c1; /* args_bio_operation */
	u8 pad0[3];
	u32 c2; /* args_bio_size */
	u32 c3; /* args_bio_bi_bdev_device */
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
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 368, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/block.c */

/* args.bio.device */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct bio, p, bi_bdev)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct block_device, p, bd_dev)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.bio.operation */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return bio_operation(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.bio.size */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct bio, p, bi_iter.bi_size)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.bio.bi_bdev.device */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct bio, p, bi_bdev)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct block_device, p, bd_dev)))
		return PD_UNREAD;
	r->s->v3 = found;
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 66 "tests/golden/accessors.yaml"
/* accessors/bios */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
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
	need_0(r);
	need_1(r);
	need_2(r);
	need_3(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 1522298671, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 0);
	e->f.c1 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 1);
	e->f.c2 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 2);
	e->f.c3 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 3);
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_72b31729662d(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:block_rq_issue, pd_244418798f81 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xca9040feafc8ULL
#define PD_CANARY_PROGRAM 0x244418798f81ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 360, 1);
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
	u32 c0; /* args_rq_device */
	u8 c1; /* args_rq_operation */
	u8 pad0[3];
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
	u64 key[1];
	u8 state[2]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 360, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/block.c */

/* args.rq.device */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct request, p, q)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct request_queue, p, disk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct gendisk, p, part0)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct block_device, p, bd_dev)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.rq.operation */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return request_operation(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 62 "tests/golden/accessors.yaml"
/* accessors/requests */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_0_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_0_0 *key = (void *) r->s->key;
	u64 *entry;

	need_0(r);
	need_1(r);
	if (!((r->s->state[0] == PD_OK) && (r->s->state[1] == PD_OK))) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v0;
	key->c1 = r->s->v1;
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_244418798f81(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:inet_sk_error_report, pd_d01c39c08c78 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xb3f03afa1c28ULL
#define PD_CANARY_PROGRAM 0xd01c39c08c78ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 712, 1);
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
struct layout_0_0 {
	u16 c0; /* args_sk_container_of_unix_sock_sk_addr_name_0_address_family */
	u8 pad0[6];
	struct pd_address c1; /* args_sk_container_of_unix_sock_sk_addr_name_0_address_ip */
	u16 c2; /* args_sk_container_of_unix_sock_sk_addr_name_0_address_port */
	struct pd_packed c3; /* args_sk_container_of_unix_sock_sk_addr_name_0_address_path */
	u8 pad1[2];
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
	struct pd_address v1;
	u64 v2;
	PD_STRING(128) v3;
	u32 queued_0;
	u32 queue_0[1];
	u64 event[27];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 712, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/address.c */

/* args.sk.container_of(unix_sock.sk).addr.name[0].address.family */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p -= (u64) PD_AT(struct unix_sock, 0, sk);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct unix_sock, p, addr)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct unix_address, p, name[0]);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_family(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.sk.container_of(unix_sock.sk).addr.name[0].address.ip */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p -= (u64) PD_AT(struct unix_sock, 0, sk);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct unix_sock, p, addr)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct unix_address, p, name[0]);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_ip(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.sk.container_of(unix_sock.sk).addr.name[0].address.port */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p -= (u64) PD_AT(struct unix_sock, 0, sk);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct unix_sock, p, addr)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct unix_address, p, name[0]);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_port(r, p, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.sk.container_of(unix_sock.sk).addr.name[0].address.path */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p -= (u64) PD_AT(struct unix_sock, 0, sk);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct unix_sock, p, addr)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct unix_address, p, name[0]);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return address_path(r, p, r->s->v3.data, 128, &r->s->v3.length, &r->s->v3.cut);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 58 "tests/golden/accessors.yaml"
/* accessors/addresses */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!1)
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
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_0(r);
	need_1(r);
	need_2(r);
	need_3(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xd5a4dbcbULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 0);
	if (r->s->state[1] == PD_OK)
		__builtin_memcpy(&e->f.c1, &r->s->v1, sizeof(e->f.c1));
	else
		__builtin_memset(&e->f.c1, 0, sizeof(e->f.c1));
	pd_mark(&absent, &unread, r->s->state[1], 1);
	e->f.c2 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 2);
	if (r->s->state[3] == PD_OK) {
		at = pd_append(e, at, 80, &e->f.c3, r->s->v3.data, r->s->v3.length, r->s->v3.cut, 128);
		if (!at)
			return;
	} else {
		e->f.c3.offset = 0;
		e->f.c3.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[3], 3);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = at;
	if (!ring || pd_ring_output(ring, e, at, 0)) {
		PD_ADD(&counts[2], 1);
		return;
	}
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_d01c39c08c78(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:inet_sock_set_state, pd_91874a4a02d3 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xb740648859ffULL
#define PD_CANARY_PROGRAM 0x91874a4a02d3ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 488, 1);
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
struct layout_0_0 {
	u16 c0; /* args_sk_flow_family */
	u16 c1; /* args_sk_flow_protocol */
	u8 pad0[4];
	struct pd_address c2; /* args_sk_flow_src_ip */
	u16 c3; /* args_sk_flow_src_port */
	u8 pad1[6];
	struct pd_address c4; /* args_sk_flow_dst_ip */
	u16 c5; /* args_sk_flow_dst_port */
	u8 c6; /* args_sk_flow_state */
	u8 pad2[1];
	u16 c7; /* args_sk_sk_socket_flow_family */
	u16 c8; /* args_sk_sk_socket_flow_protocol */
	struct pd_address c9; /* args_sk_sk_socket_flow_src_ip */
	u16 c10; /* args_sk_sk_socket_flow_src_port */
	u8 pad3[6];
	struct pd_address c11; /* args_sk_sk_socket_flow_dst_ip */
	u16 c12; /* args_sk_sk_socket_flow_dst_port */
	u8 pad4[6];
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
	u64 v2;
	u64 v3;
	struct pd_address v4;
	u64 v5;
	u64 v6;
	u64 v7;
	u64 v8;
	u64 v9;
	struct pd_address v10;
	u64 v11;
	struct pd_address v12;
	u64 v13;
	u32 queued_0;
	u32 queue_0[1];
	u8 state[14]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 488, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/socket.c */

/* args.sk.flow.dst.ip */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_dst_ip(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.sk.container_of(inet_sock.sk).inet_sport */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p -= (u64) PD_AT(struct inet_sock, 0, sk);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u16 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct inet_sock, p, inet_sport)))
		return PD_UNREAD;
	r->s->v1 = __builtin_bswap16(found);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.sk.flow.family */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_family(r, p, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.sk.flow.protocol */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_protocol(r, p, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.sk.flow.src.ip */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_src_ip(r, p, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.sk.flow.src.port */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_src_port(r, p, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.sk.flow.dst.port */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_dst_port(r, p, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.sk.flow.state */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_state(r, p, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.sk.sk_socket.flow.family */
PD_INLINE u8 fetch_8(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_family(r, p, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.sk.sk_socket.flow.protocol */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_protocol(r, p, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* args.sk.sk_socket.flow.src.ip */
PD_INLINE u8 fetch_10(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_src_ip(r, p, &r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.sk.sk_socket.flow.src.port */
PD_INLINE u8 fetch_11(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_src_port(r, p, &r->s->v11);
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* args.sk.sk_socket.flow.dst.ip */
PD_INLINE u8 fetch_12(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_dst_ip(r, p, &r->s->v12);
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* args.sk.sk_socket.flow.dst.port */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct sock, p, sk_socket)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct socket, p, sk)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return sock_dst_port(r, p, &r->s->v13);
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

#line 19 "tests/golden/accessors.yaml"
/* args.sk.flow.dst.ip not InCIDR */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 1;
	return !((r->s->v0.high == 0) && ((r->s->v0.low & 0xffffffffffULL) == 0xaffff0000ULL));
}
#line here "policyd.c"

#line 20 "tests/golden/accessors.yaml"
/* args.sk.container_of(inet_sock.sk).inet_sport Less */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 < 1024);
}
#line here "policyd.c"

#line 16 "tests/golden/accessors.yaml"
/* accessors/connections */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	if (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0)))
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
	need_2(r);
	need_3(r);
	need_4(r);
	need_5(r);
	need_0(r);
	need_6(r);
	need_7(r);
	need_8(r);
	need_9(r);
	need_10(r);
	need_11(r);
	need_12(r);
	need_13(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xb95adb59ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 0);
	e->f.c1 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 1);
	if (r->s->state[4] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v4, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[4], 2);
	e->f.c3 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 3);
	if (r->s->state[0] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v0, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[0], 4);
	e->f.c5 = r->s->state[6] == PD_OK ? r->s->v6 : 0;
	pd_mark(&absent, &unread, r->s->state[6], 5);
	e->f.c6 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 6);
	e->f.c7 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 7);
	e->f.c8 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 8);
	if (r->s->state[10] == PD_OK)
		__builtin_memcpy(&e->f.c9, &r->s->v10, sizeof(e->f.c9));
	else
		__builtin_memset(&e->f.c9, 0, sizeof(e->f.c9));
	pd_mark(&absent, &unread, r->s->state[10], 9);
	e->f.c10 = r->s->state[11] == PD_OK ? r->s->v11 : 0;
	pd_mark(&absent, &unread, r->s->state[11], 10);
	if (r->s->state[12] == PD_OK)
		__builtin_memcpy(&e->f.c11, &r->s->v12, sizeof(e->f.c11));
	else
		__builtin_memset(&e->f.c11, 0, sizeof(e->f.c11));
	pd_mark(&absent, &unread, r->s->state[12], 11);
	e->f.c12 = r->s->state[13] == PD_OK ? r->s->v13 : 0;
	pd_mark(&absent, &unread, r->s->state[13], 12);
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_91874a4a02d3(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:kfree_skb, pd_9e2c185a8fd3 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xe84b203b6ee5ULL
#define PD_CANARY_PROGRAM 0x9e2c185a8fd3ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 856, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/packet_types.c */

/* fields/skb_types.c */

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
	u16 c0; /* args_skb_packet_family */
	u8 c1; /* args_skb_packet_protocol */
	u8 pad0[5];
	struct pd_address c2; /* args_skb_packet_src_ip */
	u16 c3; /* args_skb_packet_src_port */
	u8 pad1[6];
	struct pd_address c4; /* args_skb_packet_dst_ip */
	u16 c5; /* args_skb_packet_dst_port */
	u8 pad2[2];
	u32 c6; /* args_skb_packet_length */
	u32 c7; /* args_skb_packet_interface */
	u8 c8; /* args_skb_packet_ip_ttl */
	u8 c9; /* args_skb_packet_ip_dscp */
	u8 c10; /* args_skb_packet_ip_ecn */
	u8 c11; /* args_skb_packet_ip_fragment */
	u16 c12; /* args_skb_packet_fragment_offset */
	u8 c13; /* args_skb_packet_fragment_more */
	u8 pad3[1];
	u32 c14; /* args_skb_packet_fragment_id */
	struct pd_address c15; /* args_skb_packet_ip4_src */
	struct pd_address c16; /* args_skb_packet_ip4_dst */
	u16 c17; /* args_skb_packet_ip4_id */
	u16 c18; /* args_skb_packet_ip4_length */
	u8 pad4[4];
	struct pd_address c19; /* args_skb_packet_ip6_src */
	struct pd_address c20; /* args_skb_packet_ip6_dst */
	u32 c21; /* args_skb_packet_ip6_flow_label */
	u16 c22; /* args_skb_packet_ip6_length */
	u16 c23; /* args_skb_packet_tcp_src_port */
	u16 c24; /* args_skb_packet_tcp_dst_port */
	u8 c25; /* args_skb_packet_tcp_flags */
	u8 pad5[1];
	u32 c26; /* args_skb_packet_tcp_seq */
	u32 c27; /* args_skb_packet_tcp_ack */
	u16 c28; /* args_skb_packet_tcp_window */
	u16 c29; /* args_skb_packet_udp_src_port */
	u16 c30; /* args_skb_packet_udp_dst_port */
	u16 c31; /* args_skb_packet_udp_length */
	u8 c32; /* args_skb_packet_icmp_type */
	u8 c33; /* args_skb_packet_icmp_code */
	u8 pad6[2];
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
	struct pd_address v4;
	u64 v5;
	struct pd_address v6;
	u64 v7;
	u64 v8;
	u64 v9;
	u64 v10;
	u64 v11;
	u64 v12;
	u64 v13;
	u64 v14;
	u64 v15;
	struct pd_address v16;
	struct pd_address v17;
	u64 v18;
	u64 v19;
	struct pd_address v20;
	struct pd_address v21;
	u64 v22;
	u64 v23;
	u64 v24;
	u64 v25;
	u64 v26;
	u64 v27;
	u64 v28;
	u64 v29;
	u64 v30;
	u64 v31;
	u64 v32;
	u64 v33;
	u64 v34;
	u32 queued_0;
	u32 queue_0[1];
	u8 sought[1];
	u32 late_0;
	struct pd_packet packet;
	u64 packet_of;
	struct pd_linear linear;
	u8 state[35]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 856, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/packet.c */

/* fields/skb.c */

/* packet */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_packet(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.skb.packet.dst.port */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_dst_port(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.skb.packet.family */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_family(r, p, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.skb.packet.protocol */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_protocol(r, p, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.skb.packet.src.ip */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_src_ip(r, p, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.skb.packet.src.port */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_src_port(r, p, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.skb.packet.dst.ip */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_dst_ip(r, p, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.skb.packet.length */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_length(r, p, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.skb.packet.interface */
PD_INLINE u8 fetch_8(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_interface(r, p, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.skb.packet.ip.ttl */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip_ttl(r, p, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* args.skb.packet.ip.dscp */
PD_INLINE u8 fetch_10(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip_dscp(r, p, &r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.skb.packet.ip.ecn */
PD_INLINE u8 fetch_11(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip_ecn(r, p, &r->s->v11);
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* args.skb.packet.ip.fragment */
PD_INLINE u8 fetch_12(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip_fragment(r, p, &r->s->v12);
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* args.skb.packet.fragment.offset */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_fragment_offset(r, p, &r->s->v13);
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* args.skb.packet.fragment.more */
PD_INLINE u8 fetch_14(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_fragment_more(r, p, &r->s->v14);
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

/* args.skb.packet.fragment.id */
PD_INLINE u8 fetch_15(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_fragment_id(r, p, &r->s->v15);
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* args.skb.packet.ip4.src */
PD_INLINE u8 fetch_16(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip4_src(r, p, &r->s->v16);
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* args.skb.packet.ip4.dst */
PD_INLINE u8 fetch_17(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip4_dst(r, p, &r->s->v17);
}

PD_INLINE void need_17(struct run *r)
{
	if (!r->s->state[17])
		r->s->state[17] = fetch_17(r);
}

/* args.skb.packet.ip4.id */
PD_INLINE u8 fetch_18(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip4_id(r, p, &r->s->v18);
}

PD_INLINE void need_18(struct run *r)
{
	if (!r->s->state[18])
		r->s->state[18] = fetch_18(r);
}

/* args.skb.packet.ip4.length */
PD_INLINE u8 fetch_19(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip4_length(r, p, &r->s->v19);
}

PD_INLINE void need_19(struct run *r)
{
	if (!r->s->state[19])
		r->s->state[19] = fetch_19(r);
}

/* args.skb.packet.ip6.src */
PD_INLINE u8 fetch_20(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip6_src(r, p, &r->s->v20);
}

PD_INLINE void need_20(struct run *r)
{
	if (!r->s->state[20])
		r->s->state[20] = fetch_20(r);
}

/* args.skb.packet.ip6.dst */
PD_INLINE u8 fetch_21(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip6_dst(r, p, &r->s->v21);
}

PD_INLINE void need_21(struct run *r)
{
	if (!r->s->state[21])
		r->s->state[21] = fetch_21(r);
}

/* args.skb.packet.ip6.flow_label */
PD_INLINE u8 fetch_22(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip6_flow_label(r, p, &r->s->v22);
}

PD_INLINE void need_22(struct run *r)
{
	if (!r->s->state[22])
		r->s->state[22] = fetch_22(r);
}

/* args.skb.packet.ip6.length */
PD_INLINE u8 fetch_23(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_ip6_length(r, p, &r->s->v23);
}

PD_INLINE void need_23(struct run *r)
{
	if (!r->s->state[23])
		r->s->state[23] = fetch_23(r);
}

/* args.skb.packet.tcp.src_port */
PD_INLINE u8 fetch_24(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_src_port(r, p, &r->s->v24);
}

PD_INLINE void need_24(struct run *r)
{
	if (!r->s->state[24])
		r->s->state[24] = fetch_24(r);
}

/* args.skb.packet.tcp.dst_port */
PD_INLINE u8 fetch_25(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_dst_port(r, p, &r->s->v25);
}

PD_INLINE void need_25(struct run *r)
{
	if (!r->s->state[25])
		r->s->state[25] = fetch_25(r);
}

/* args.skb.packet.tcp.flags */
PD_INLINE u8 fetch_26(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_flags(r, p, &r->s->v26);
}

PD_INLINE void need_26(struct run *r)
{
	if (!r->s->state[26])
		r->s->state[26] = fetch_26(r);
}

/* args.skb.packet.tcp.seq */
PD_INLINE u8 fetch_27(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_seq(r, p, &r->s->v27);
}

PD_INLINE void need_27(struct run *r)
{
	if (!r->s->state[27])
		r->s->state[27] = fetch_27(r);
}

/* args.skb.packet.tcp.ack */
PD_INLINE u8 fetch_28(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_ack(r, p, &r->s->v28);
}

PD_INLINE void need_28(struct run *r)
{
	if (!r->s->state[28])
		r->s->state[28] = fetch_28(r);
}

/* args.skb.packet.tcp.window */
PD_INLINE u8 fetch_29(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_tcp_window(r, p, &r->s->v29);
}

PD_INLINE void need_29(struct run *r)
{
	if (!r->s->state[29])
		r->s->state[29] = fetch_29(r);
}

/* args.skb.packet.udp.src_port */
PD_INLINE u8 fetch_30(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_udp_src_port(r, p, &r->s->v30);
}

PD_INLINE void need_30(struct run *r)
{
	if (!r->s->state[30])
		r->s->state[30] = fetch_30(r);
}

/* args.skb.packet.udp.dst_port */
PD_INLINE u8 fetch_31(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_udp_dst_port(r, p, &r->s->v31);
}

PD_INLINE void need_31(struct run *r)
{
	if (!r->s->state[31])
		r->s->state[31] = fetch_31(r);
}

/* args.skb.packet.udp.length */
PD_INLINE u8 fetch_32(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_udp_length(r, p, &r->s->v32);
}

PD_INLINE void need_32(struct run *r)
{
	if (!r->s->state[32])
		r->s->state[32] = fetch_32(r);
}

/* args.skb.packet.icmp.type */
PD_INLINE u8 fetch_33(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_icmp_type(r, p, &r->s->v33);
}

PD_INLINE void need_33(struct run *r)
{
	if (!r->s->state[33])
		r->s->state[33] = fetch_33(r);
}

/* args.skb.packet.icmp.code */
PD_INLINE u8 fetch_34(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return skb_icmp_code(r, p, &r->s->v34);
}

PD_INLINE void need_34(struct run *r)
{
	if (!r->s->state[34])
		r->s->state[34] = fetch_34(r);
}

/* packet: dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void late_0(struct run *r)
{
	if (r->s->late_0 != PD_WANTED)
		return;
	need_0(r);
	r->s->late_0 = PD_SEARCHED;
}

#line 26 "tests/golden/accessors.yaml"
/* args.skb.packet.dst.port Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	if (r->s->late_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return (r->s->v1 == 53);
}
#line here "policyd.c"

#line 23 "tests/golden/accessors.yaml"
/* accessors/drops */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!test_0(r, 1)) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->late_0)
		r->s->late_0 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!test_0(r, 1))
		return;
	if ((r->s->state[1] == PD_UNREAD) && !test_0(r, 0))
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
	need_2(r);
	need_3(r);
	need_4(r);
	need_5(r);
	need_6(r);
	need_1(r);
	need_7(r);
	need_8(r);
	need_9(r);
	need_10(r);
	need_11(r);
	need_12(r);
	need_13(r);
	need_14(r);
	need_15(r);
	need_16(r);
	need_17(r);
	need_18(r);
	need_19(r);
	need_20(r);
	need_21(r);
	need_22(r);
	need_23(r);
	need_24(r);
	need_25(r);
	need_26(r);
	need_27(r);
	need_28(r);
	need_29(r);
	need_30(r);
	need_31(r);
	need_32(r);
	need_33(r);
	need_34(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xf39e9389ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 0);
	e->f.c1 = r->s->state[3] == PD_OK ? r->s->v3 : 0;
	pd_mark(&absent, &unread, r->s->state[3], 1);
	if (r->s->state[4] == PD_OK)
		__builtin_memcpy(&e->f.c2, &r->s->v4, sizeof(e->f.c2));
	else
		__builtin_memset(&e->f.c2, 0, sizeof(e->f.c2));
	pd_mark(&absent, &unread, r->s->state[4], 2);
	e->f.c3 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 3);
	if (r->s->state[6] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v6, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[6], 4);
	e->f.c5 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 5);
	e->f.c6 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 6);
	e->f.c7 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 7);
	e->f.c8 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 8);
	e->f.c9 = r->s->state[10] == PD_OK ? r->s->v10 : 0;
	pd_mark(&absent, &unread, r->s->state[10], 9);
	e->f.c10 = r->s->state[11] == PD_OK ? r->s->v11 : 0;
	pd_mark(&absent, &unread, r->s->state[11], 10);
	e->f.c11 = r->s->state[12] == PD_OK ? r->s->v12 : 0;
	pd_mark(&absent, &unread, r->s->state[12], 11);
	e->f.c12 = r->s->state[13] == PD_OK ? r->s->v13 : 0;
	pd_mark(&absent, &unread, r->s->state[13], 12);
	e->f.c13 = r->s->state[14] == PD_OK ? r->s->v14 : 0;
	pd_mark(&absent, &unread, r->s->state[14], 13);
	e->f.c14 = r->s->state[15] == PD_OK ? r->s->v15 : 0;
	pd_mark(&absent, &unread, r->s->state[15], 14);
	if (r->s->state[16] == PD_OK)
		__builtin_memcpy(&e->f.c15, &r->s->v16, sizeof(e->f.c15));
	else
		__builtin_memset(&e->f.c15, 0, sizeof(e->f.c15));
	pd_mark(&absent, &unread, r->s->state[16], 15);
	if (r->s->state[17] == PD_OK)
		__builtin_memcpy(&e->f.c16, &r->s->v17, sizeof(e->f.c16));
	else
		__builtin_memset(&e->f.c16, 0, sizeof(e->f.c16));
	pd_mark(&absent, &unread, r->s->state[17], 16);
	e->f.c17 = r->s->state[18] == PD_OK ? r->s->v18 : 0;
	pd_mark(&absent, &unread, r->s->state[18], 17);
	e->f.c18 = r->s->state[19] == PD_OK ? r->s->v19 : 0;
	pd_mark(&absent, &unread, r->s->state[19], 18);
	if (r->s->state[20] == PD_OK)
		__builtin_memcpy(&e->f.c19, &r->s->v20, sizeof(e->f.c19));
	else
		__builtin_memset(&e->f.c19, 0, sizeof(e->f.c19));
	pd_mark(&absent, &unread, r->s->state[20], 19);
	if (r->s->state[21] == PD_OK)
		__builtin_memcpy(&e->f.c20, &r->s->v21, sizeof(e->f.c20));
	else
		__builtin_memset(&e->f.c20, 0, sizeof(e->f.c20));
	pd_mark(&absent, &unread, r->s->state[21], 20);
	e->f.c21 = r->s->state[22] == PD_OK ? r->s->v22 : 0;
	pd_mark(&absent, &unread, r->s->state[22], 21);
	e->f.c22 = r->s->state[23] == PD_OK ? r->s->v23 : 0;
	pd_mark(&absent, &unread, r->s->state[23], 22);
	e->f.c23 = r->s->state[24] == PD_OK ? r->s->v24 : 0;
	pd_mark(&absent, &unread, r->s->state[24], 23);
	e->f.c24 = r->s->state[25] == PD_OK ? r->s->v25 : 0;
	pd_mark(&absent, &unread, r->s->state[25], 24);
	e->f.c25 = r->s->state[26] == PD_OK ? r->s->v26 : 0;
	pd_mark(&absent, &unread, r->s->state[26], 25);
	e->f.c26 = r->s->state[27] == PD_OK ? r->s->v27 : 0;
	pd_mark(&absent, &unread, r->s->state[27], 26);
	e->f.c27 = r->s->state[28] == PD_OK ? r->s->v28 : 0;
	pd_mark(&absent, &unread, r->s->state[28], 27);
	e->f.c28 = r->s->state[29] == PD_OK ? r->s->v29 : 0;
	pd_mark(&absent, &unread, r->s->state[29], 28);
	e->f.c29 = r->s->state[30] == PD_OK ? r->s->v30 : 0;
	pd_mark(&absent, &unread, r->s->state[30], 29);
	e->f.c30 = r->s->state[31] == PD_OK ? r->s->v31 : 0;
	pd_mark(&absent, &unread, r->s->state[31], 30);
	e->f.c31 = r->s->state[32] == PD_OK ? r->s->v32 : 0;
	pd_mark(&absent, &unread, r->s->state[32], 31);
	e->f.c32 = r->s->state[33] == PD_OK ? r->s->v33 : 0;
	pd_mark(&absent, &unread, r->s->state[33], 32);
	e->f.c33 = r->s->state[34] == PD_OK ? r->s->v34 : 0;
	pd_mark(&absent, &unread, r->s->state[34], 33);
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
	r->s->late_0 = 0;
	r->s->packet_of = 0;
	r->s->queued_0 = 0;
	seek_0(r);
	late_0(r);
	match_0(r);
	if (r->s->queued_0)
		need_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_9e2c185a8fd3(void *ctx)
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

/* policyd 0.1.0, raw_tracepoint:sched_process_exec, pd_859a940bdc96 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x3886ff18f220ULL
#define PD_CANARY_PROGRAM 0x859a940bdc96ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(automaton_0, 2, 4, 2432, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 9760, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

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
	struct pd_packed c0; /* args_bprm_file_path */
	struct pd_packed c1; /* args_bprm_argv */
	struct pd_packed c2; /* args_bprm_file_host_path */
	struct pd_packed c3; /* args_bprm_file_f_path_dentry_fs_path */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct automaton_0 {
	u8 classes[256];
	u32 table[512];
	u64 matches[16];
};

/* What a run finds out about its event. */
struct subject {
	u32 verdict;
	u32 number;
	u32 bucket;
	u64 ctx; /* whose run this is, in which place */
	u32 slot;
	PD_STRING(1024) v0;
	PD_STRING(1024) v1;
	u64 v2;
	u64 v3;
	u64 v4;
	PD_STRING(1024) v5;
	PD_STRING(1024) v6;
	u32 queued_0;
	u32 queue_0[1];
	u8 sought[1];
	u64 found_0[1];
	u32 search_0;
	u32 late_0;
	u32 late_1;
	struct pd_climb climb;
	u64 event[521];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 9760, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/path.c */

/* fields/dentry.c */

/* fields/binprm.c */

/* args.bprm.file.path */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct linux_binprm, p, file)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct file, p, f_path);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_path(r, p, r->s->v0.data, 1024, &r->s->v0.length, &r->s->v0.cut);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.bprm.argv */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return binprm_argv(r, p, r->s->v1.data, 1024, &r->s->v1.length, &r->s->v1.cut);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.p.cred.capabilities.effective */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_effective)))
		return PD_UNREAD;
	r->s->v2 = found;
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.p.cred.btf.cap_bset */
PD_INLINE u8 fetch_3(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_bset)))
		return PD_UNREAD;
	r->s->v3 = found;
	return PD_OK;
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.p.files.fd_array[0].deleted */
PD_INLINE u8 fetch_4(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, files)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct files_struct, p, fd_array[0])))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct file, p, f_path.dentry)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return dentry_deleted(r, p, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.bprm.file.host_path */
PD_INLINE u8 fetch_5(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct linux_binprm, p, file)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct file, p, f_path);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_host_path(r, p, r->s->v5.data, 1024, &r->s->v5.length, &r->s->v5.cut);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.bprm.file.f_path.dentry.fs_path */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 16);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct linux_binprm, p, file)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct file, p, f_path.dentry)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return dentry_fs_path(r, p, r->s->v6.data, 1024, &r->s->v6.length, &r->s->v6.cut);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.bprm.file.path: dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void late_0(struct run *r)
{
	if (r->s->late_0 != PD_WANTED)
		return;
	need_0(r);
	r->s->late_0 = PD_SEARCHED;
}

/* args.bprm.argv: dear to get, and so got at one place, if a rule wants it by its other tests. */
PD_INLINE void late_1(struct run *r)
{
	if (r->s->late_1 != PD_WANTED)
		return;
	need_1(r);
	r->s->late_1 = PD_SEARCHED;
}

/* 1 patterns in args.bprm.argv: one pass over the string, whatever the number of patterns, if a rule wants it. */
PD_INLINE void search_0(struct run *r)
{
	struct automaton_0 *a;
	u64 *found = r->s->found_0;
	const char *data;
	u32 row = 16;
	u32 length;

	if (r->s->search_0 != PD_WANTED)
		return;
	if (r->s->state[1] != PD_OK)
		return;
	r->s->search_0 = PD_SEARCHED;
	found[0] = 0;
	a = pd_row(MAP(automaton_0), 0);
	if (!a)
		return;
	data = r->s->v1.data;
	length = r->s->v1.length;
	for (u32 i = 0; i < 128; i++) {
		if (i * 8 > length) /* the NUL is read too: it ends the string for the machine */
			break;
#pragma unroll
		for (u32 j = 0; j < 8; j++) {
			row = a->table[(row & 255) + a->classes[(u8) data[i * 8 + j]]];
			found[0] |= a->matches[(row >> 4 & 15) * 1 + 0];
		}
	}
}

#line 11 "tests/golden/accessors.yaml"
/* args.p.cred.capabilities.effective AnyBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] == PD_UNREAD)
		return unread;
	if (r->s->state[2] != PD_OK)
		return 0;
	return ((r->s->v2 & 2097152) != 0);
}
#line here "policyd.c"

#line 12 "tests/golden/accessors.yaml"
/* args.p.cred.btf.cap_bset not Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_3(r);
	if (r->s->state[3] == PD_UNREAD)
		return unread;
	if (r->s->state[3] != PD_OK)
		return 1;
	return !(r->s->v3 == 0);
}
#line here "policyd.c"

#line 13 "tests/golden/accessors.yaml"
/* args.p.files.fd_array[0].deleted Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_4(r);
	if (r->s->state[4] == PD_UNREAD)
		return unread;
	if (r->s->state[4] != PD_OK)
		return 0;
	return (r->s->v4 == 0);
}
#line here "policyd.c"

#line 9 "tests/golden/accessors.yaml"
/* args.bprm.file.path Under */
PD_INLINE int test_3(struct run *r, int unread)
{
	if (r->s->late_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	return ((PD_LOAD(u32, r->s->v0.data, 0) == 1920169263) && ((PD_LOAD(u8, r->s->v0.data, 4) == 0) || (PD_LOAD(u8, r->s->v0.data, 4) == 47)));
}
#line here "policyd.c"

#line 10 "tests/golden/accessors.yaml"
/* args.bprm.argv Contains */
PD_INLINE int test_4(struct run *r, int unread)
{
	if (r->s->late_1 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the value */
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	if (r->s->search_0 != PD_SEARCHED)
		return 1; /* it may be so: a rule that gets this far wants the search */
	return (r->s->found_0[0] & 1);
}
#line here "policyd.c"

#line 6 "tests/golden/accessors.yaml"
/* accessors/programs */
PD_INLINE void seek_0(struct run *r)
{
	PD_BARRIER();
	r->s->sought[0] = 0;
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1) && test_4(r, 1))) /* not even if all that was not searched yet is found */
		return;
	r->s->sought[0] = 1;
	if (!r->s->late_0)
		r->s->late_0 = PD_WANTED;
	if (!r->s->late_1)
		r->s->late_1 = PD_WANTED;
	if (!r->s->search_0)
		r->s->search_0 = PD_WANTED;
}

PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!r->s->sought[0])
		return;
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1) && test_4(r, 1)))
		return;
	if (((r->s->state[0] == PD_UNREAD) || (r->s->state[1] == PD_UNREAD) || (r->s->state[2] == PD_UNREAD) || (r->s->state[3] == PD_UNREAD) || (r->s->state[4] == PD_UNREAD)) && !(test_0(r, 0) && test_1(r, 0) && test_2(r, 0) && test_3(r, 0) && test_4(r, 0)))
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
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xeba9af29ULL, d->policy, d->rule, d->hook, flags, verdict);
	if (r->s->state[0] == PD_OK) {
		at = pd_append(e, at, 64, &e->f.c0, r->s->v0.data, r->s->v0.length, r->s->v0.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c0.offset = 0;
		e->f.c0.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[0], 0);
	if (r->s->state[1] == PD_OK) {
		at = pd_append(e, at, 1088, &e->f.c1, r->s->v1.data, r->s->v1.length, r->s->v1.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[1], 1);
	if (r->s->state[5] == PD_OK) {
		at = pd_append(e, at, 2112, &e->f.c2, r->s->v5.data, r->s->v5.length, r->s->v5.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c2.offset = 0;
		e->f.c2.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[5], 2);
	if (r->s->state[6] == PD_OK) {
		at = pd_append(e, at, 3136, &e->f.c3, r->s->v6.data, r->s->v6.length, r->s->v6.cut, 1024);
		if (!at)
			return;
	} else {
		e->f.c3.offset = 0;
		e->f.c3.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[6], 3);
	e->h.absent = absent;
	e->h.unread = unread;
	e->h.length = at;
	if (!ring || pd_ring_output(ring, e, at, 0)) {
		PD_ADD(&counts[2], 1);
		return;
	}
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
	r->s->late_0 = 0;
	r->s->late_1 = 0;
	r->s->search_0 = 0;
	r->s->queued_0 = 0;
	seek_0(r);
	late_0(r);
	late_1(r);
	search_0(r);
	match_0(r);
	if (r->s->queued_0)
		need_0(r);
	if (r->s->queued_0)
		need_1(r);
	if (r->s->queued_0)
		need_5(r);
	if (r->s->queued_0)
		need_6(r);
	take_effects_0(r, 1);
}

PD_ENTRY int pd_859a940bdc96(void *ctx)
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
