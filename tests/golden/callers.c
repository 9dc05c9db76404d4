/* policyd 0.1.0, fmod_ret:__ia32_compat_sys_socketcall, pd_acc80087b9e3 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf3f5a1058d82ULL
#define PD_CANARY_PROGRAM 0xacc80087b9e3ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 368, 16);
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
	s32 c0; /* args_addrlen */
	u8 pad0[4];
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
	u32 queued_0;
	u32 queue_0[1];
	u64 key[1];
	u8 state[3]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 368, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/result.c */

/* fields/process.c */

/* fields/compat.c */

/* subcall */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct pt_regs, p, bx);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_number(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.fd */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct pt_regs, p, cx);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_signed_far_word_0(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.addrlen */
PD_INLINE u8 fetch_2(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct pt_regs, p, cx);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_signed_far_word_2(r, p, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* subcall Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 3);
}

#line 20 "tests/golden/callers.yaml"
/* args.fd Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] == PD_UNREAD)
		return unread;
	if (r->s->state[1] != PD_OK)
		return 0;
	return ((s64) r->s->v1 == 7LL);
}
#line here "policyd.c"

#line 16 "tests/golden/callers.yaml"
/* callers/refused */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
		return;
	if ((r->s->state[1] == PD_UNREAD) && !(test_0(r, 0) && test_1(r, 0)))
		flags = PD_FLAG_UNREAD;
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
	key->c0 = r->s->v2;
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY s64 pd_acc80087b9e3(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	s64 verdict;

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

/* policyd 0.1.0, fmod_ret:__ia32_sys_connect, pd_f72920bc59a7 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x17dfe3136da5ULL
#define PD_CANARY_PROGRAM 0xf72920bc59a7ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 360, 16);
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
	s32 c0; /* args_addrlen */
	u8 pad0[4];
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

/* lib/scratch.c */

/* lib/events.c */

/* hooks/result.c */

/* fields/process.c */

/* fields/compat.c */

/* args.fd */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct pt_regs, p, bx);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_signed(r, p, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.addrlen */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct pt_regs, p, dx);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_signed(r, p, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 20 "tests/golden/callers.yaml"
/* args.fd Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	return ((s64) r->s->v0 == 7LL);
}
#line here "policyd.c"

#line 16 "tests/golden/callers.yaml"
/* callers/refused */
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
	key->c0 = r->s->v1;
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY s64 pd_f72920bc59a7(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	s64 verdict;

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

/* policyd 0.1.0, fmod_ret:__x64_sys_connect, pd_0c49b5056d0c */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x7c29302c81b4ULL
#define PD_CANARY_PROGRAM 0xc49b5056d0cULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 360, 16);
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
	s32 c0; /* args_addrlen */
	u8 pad0[4];
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

/* lib/scratch.c */

/* lib/events.c */

/* hooks/result.c */

/* fields/process.c */

/* args.fd */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct pt_regs, p, di)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* args.addrlen */
PD_INLINE u8 fetch_1(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	s32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct pt_regs, p, dx)))
		return PD_UNREAD;
	r->s->v1 = found;
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

#line 20 "tests/golden/callers.yaml"
/* args.fd Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	return ((s64) r->s->v0 == 7LL);
}
#line here "policyd.c"

#line 16 "tests/golden/callers.yaml"
/* callers/refused */
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
	key->c0 = r->s->v1;
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
	r->s->queued_0 = 0;
	match_0(r);
	take_effects_0(r, 1);
}

PD_ENTRY s64 pd_0c49b5056d0c(void *ctx)
{
	u32 slot = pd_claim(MAP(busy));
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), slot)};
	s64 verdict;

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

/* policyd 0.1.0, tracepoint:raw_syscalls/sys_enter, pd_9ada822823cd */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf90a21a2baf2ULL
#define PD_CANARY_PROGRAM 0x9ada822823cdULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(percpu_hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 4);
PD_MAP(scratch, 6, 4, 12800, 1);
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
	u8 c0; /* hook_abi */
	u8 pad0[1];
	struct pd_packed c1; /* args_filename */
	u16 c2; /* args_mode */
};
struct event_0_0 {
	struct pd_header h;
	struct layout_0_0 f;
};
struct layout_1_0 {
	u8 c0; /* hook_abi */
	u8 pad0[1];
	struct pd_packed c1; /* args_filename */
	u16 c2; /* args_mode */
};
struct event_1_0 {
	struct pd_header h;
	struct layout_1_0 f;
};
struct key_2_0 {
	s32 c0; /* args_fd */
	u8 pad0[4];
};
struct key_3_0 {
	s32 c0; /* args_fd */
	u8 pad0[4];
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
	PD_STRING(4096) v3;
	u64 v4;
	u64 v5;
	PD_STRING(4096) v6;
	u64 v7;
	u64 v8;
	u64 v9;
	u32 queued_0;
	u32 queue_0[1];
	u32 queued_1;
	u32 queue_1[1];
	u32 queued_2;
	u32 queue_2[1];
	u32 queued_3;
	u32 queue_3[1];
	u64 key[1];
	u64 event[520];
	u8 state[10]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 12800, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* hooks/tracing.c */

/* fields/process.c */

/* fields/syscall_abi.c */

/* fields/compat.c */

/* hook.abi */
PD_INLINE u8 fetch_0(struct run *r)
{
	return syscall_abi(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* hook.name */
PD_INLINE u8 fetch_1(struct run *r)
{
	r->s->v1 = (s64) (s64) PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* args.flags */
PD_INLINE u8 fetch_2(struct run *r)
{
	r->s->v2 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 32);
	return PD_OK;
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* args.filename */
PD_INLINE u8 fetch_3(struct run *r)
{
	return pd_string_user(r->s->v3.data, 4096, &r->s->v3.length, &r->s->v3.cut, PD_CONTEXT(u64, r->ctx, 24));
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* args.mode */
PD_INLINE u8 fetch_4(struct run *r)
{
	r->s->v4 = PD_CONTEXT(u16, r->ctx, 40);
	return PD_OK;
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* hook.name */
PD_INLINE u8 fetch_5(struct run *r)
{
	return syscall_number(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* args.filename */
PD_INLINE u8 fetch_6(struct run *r)
{
	return pd_string_user(r->s->v6.data, 4096, &r->s->v6.length, &r->s->v6.cut, PD_CONTEXT(u32, r->ctx, 24));
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.fd */
PD_INLINE u8 fetch_7(struct run *r)
{
	r->s->v7 = (s64) (s32) PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* subcall */
PD_INLINE u8 fetch_8(struct run *r)
{
	r->s->v8 = PD_CONTEXT(u32, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.fd */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = PD_CONTEXT(u32, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return compat_signed_word_0(r, p, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* hook.name In */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v1 == 257LL);
}

#line 9 "tests/golden/callers.yaml"
/* args.flags AnyBits */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((r->s->v2 & 1) != 0);
}
#line here "policyd.c"

/* hook.abi Equal */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 0);
}

/* hook.abi Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_0(r);
	return (r->s->v0 == 1);
}

/* hook.name In */
PD_INLINE int test_4(struct run *r, int unread)
{
	need_5(r);
	return ((s64) r->s->v5 == 4294967591LL);
}

#line 9 "tests/golden/callers.yaml"
/* args.flags AnyBits */
PD_INLINE int test_5(struct run *r, int unread)
{
	return ((r->s->v2 & 1) != 0);
}
#line here "policyd.c"

/* hook.name In */
PD_INLINE int test_6(struct run *r, int unread)
{
	need_5(r);
	return ((s64) r->s->v5 == 4294967658LL);
}

/* hook.name In */
PD_INLINE int test_7(struct run *r, int unread)
{
	need_5(r);
	return ((s64) r->s->v5 == 4294967398LL);
}

/* subcall Equal */
PD_INLINE int test_8(struct run *r, int unread)
{
	need_8(r);
	return (r->s->v8 == 3);
}

#line 6 "tests/golden/callers.yaml"
/* callers/opened */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1)))
		return;
	r->s->queue_0[r->s->queued_0++ & 0] = 0 | flags << 16;
}
#line here "policyd.c"

#line 6 "tests/golden/callers.yaml"
/* callers/opened */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_3(r, 1) && test_4(r, 1) && test_5(r, 1)))
		return;
	r->s->queue_1[r->s->queued_1++ & 0] = 1 | flags << 16;
}
#line here "policyd.c"

#line 12 "tests/golden/callers.yaml"
/* callers/connected */
PD_INLINE void match_2(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_3(r, 1) && test_6(r, 1)))
		return;
	r->s->queue_2[r->s->queued_2++ & 0] = 2 | flags << 16;
}
#line here "policyd.c"

#line 12 "tests/golden/callers.yaml"
/* callers/connected */
PD_INLINE void match_3(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_3(r, 1) && test_7(r, 1) && test_8(r, 1)))
		return;
	r->s->queue_3[r->s->queued_3++ & 0] = 3 | flags << 16;
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
	need_3(r);
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0x8a75b9dbULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[3] == PD_OK) {
		at = pd_append(e, at, 56, &e->f.c1, r->s->v3.data, r->s->v3.length, r->s->v3.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[3], 1);
	e->f.c2 = r->s->v4;
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

PD_INLINE void event_1_0(struct run *r, const struct pd_rule *d, u64 *counts, u16 flags, u16 verdict)
{
	void *ring = pd_row(MAP(rings), d->policy);
	struct event_1_0 *e;
	u64 absent = 0;
	u64 unread = 0;
	u32 at = sizeof(*e);

	PD_ADD(&counts[0], 1);
	need_0(r);
	need_6(r);
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0x8a75b9dbULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v0;
	if (r->s->state[6] == PD_OK) {
		at = pd_append(e, at, 56, &e->f.c1, r->s->v6.data, r->s->v6.length, r->s->v6.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c1.offset = 0;
		e->f.c1.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[6], 1);
	e->f.c2 = r->s->v4;
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
PD_INLINE void effects_1(struct run *r, const struct pd_rule *d, u16 flags)
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
	event_1_0(r, d, counts, flags, verdict);
}

PD_INLINE void take_effects_1(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_1)
			break;
		item = r->s->queue_1[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_1(r, d, item >> 16);
	}
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_2_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_2_0 *key = (void *) r->s->key;
	u64 *entry;

	need_7(r);
	if (!1) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v7;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_2_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

	return map ? entry_2_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_2_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_2_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_2(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		metric_2_0(r, d, counts);
	}
}

PD_INLINE void take_effects_2(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_2)
			break;
		item = r->s->queue_2[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_2(r, d, item >> 16);
	}
}

/* The entry that this event's key names, or NULL after the reason was counted. */
PD_INLINE u64 *entry_3_0(struct run *r, const struct pd_rule *d, u64 *counts, void *map)
{
	struct key_3_0 *key = (void *) r->s->key;
	u64 *entry;

	need_9(r);
	if (!(r->s->state[9] == PD_OK)) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->c0 = r->s->v9;
	entry = pd_entry(map, key, pd_row(MAP(zeros), 0));
	if (!entry)
		PD_ADD(&counts[3], 1);
	return entry;
}

PD_INLINE u64 *slots_3_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	void *map = pd_row(MAP(percpu_hash_8_8_f1), d->maps[0]);

	return map ? entry_3_0(r, d, counts, map) : 0;
}

PD_INLINE void metric_3_0(struct run *r, const struct pd_rule *d, u64 *counts)
{
	u64 *slots;

	slots = slots_3_0(r, d, counts);
	if (!slots)
		return;
	PD_ADD(&slots[0], 1);
}

/* What rules of one shape do: their numbers are in their rows of the rules map. */
PD_INLINE void effects_3(struct run *r, const struct pd_rule *d, u16 flags)
{
	struct pd_config *settings = pd_row(MAP(config), d->policy);
	u64 *counts = pd_row(MAP(account), d->policy);
	u16 verdict = 0;

	if (!settings || !counts || settings->flags & PD_CONFIG_SUSPEND)
		return;
	if (flags) {
		PD_ADD(&counts[6], 1);
	} else {
		metric_3_0(r, d, counts);
	}
}

PD_INLINE void take_effects_3(struct run *r, u32 most)
{
	const struct pd_rule *d;
	u32 item;

	/* The count is kept as it is written, in 8 bytes: the verifier loses sight of a smaller one that is put on the stack. */
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most; i++) {
		PD_OPAQUE(i);
		if (i >= r->s->queued_3)
			break;
		item = r->s->queue_3[i];
		d = pd_row(MAP(rules), item & 0xffff);
		if (d)
			effects_3(r, d, item >> 16);
	}
}

/* lib/canary.c */

PD_INLINE void run_0(struct run *r)
{
	__builtin_memset(r->s->state, 0, sizeof(r->s->state));
	r->s->state[1] = fetch_1(r);
	r->s->state[2] = fetch_2(r);
	r->s->queued_0 = 0;
	r->s->queued_1 = 0;
	r->s->queued_2 = 0;
	r->s->queued_3 = 0;
	match_0(r);
	match_1(r);
	match_2(r);
	match_3(r);
	take_effects_0(r, 1);
	take_effects_1(r, 1);
	take_effects_2(r, 1);
	take_effects_3(r, 1);
}

PD_ENTRY int pd_9ada822823cd(void *ctx)
{
	struct run r = {.ctx = ctx, .s = pd_row(MAP(scratch), 0)};
	int verdict;

	if (!r.s) { /* no such slot: all are in use */
		return PD_NEUTRAL;
	}
	r.s->verdict = PD_VERDICT_NONE;
	if (pd_is_canary())
		pd_canary(0, 4);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";
