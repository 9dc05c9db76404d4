/* policyd 0.1.0, fmod_ret:security_task_kill, pd_90c48d117919 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x522f85300c2eULL
#define PD_CANARY_PROGRAM 0x90c48d117919ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 2);
PD_MAP(scratch, 6, 4, 1432, 16);
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
	struct pd_packed c4; /* process_exe */
	u32 c5; /* args_p_process_pid */
	u32 c6; /* args_p_process_ppid */
	u32 c7; /* args_p_process_uid */
	u8 c8[16]; /* args_p_process_comm */
	struct pd_packed c9; /* args_p_process_exe */
	u64 c10; /* args_info */
	s32 c11; /* args_sig */
	u32 c12; /* args_cred_uid */
	u32 c13; /* args_cred_gid */
	u32 c14; /* args_cred_euid */
	u32 c15; /* args_cred_egid */
	u8 pad0[4];
	u64 c16; /* args_cred_capabilities_effective */
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
	PD_STRING(16) v4;
	u64 v6;
	u64 v7;
	u64 v8;
	PD_STRING(16) v9;
	PD_STRING(256) v10;
	u64 v11;
	u64 v12;
	u64 v13;
	u64 v14;
	u64 v15;
	u64 v16;
	u32 queued_0;
	u32 queue_0[2];
	u64 event[84];
	u8 state[17]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 1432, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/result.c */

/* fields/process.c */

/* fields/task.c */

/* fields/task_kernel.c */

/* fields/task_program.c */

/* args.sig */
PD_INLINE u8 fetch_0(struct run *r)
{
	r->s->v0 = (s64) (s32) PD_CONTEXT(u64, r->ctx, 16);
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_pid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.ppid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_ppid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.uid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_uid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.comm */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_comm(r, r->s->v4.data, &r->s->v4.length, &r->s->v4.cut);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.p.process.pid */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v6 = found;
	return PD_OK;
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* args.p.process.ppid */
PD_INLINE u8 fetch_7(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_parent)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct task_struct, p, tgid)))
		return PD_UNREAD;
	r->s->v7 = found;
	return PD_OK;
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* args.p.process.uid */
PD_INLINE u8 fetch_8(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	if (pd_read_kernel(&p, sizeof(p), PD_AT(struct task_struct, p, real_cred)))
		return PD_UNREAD;
	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, uid.val)))
		return PD_UNREAD;
	r->s->v8 = found;
	return PD_OK;
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* args.p.process.comm */
PD_INLINE u8 fetch_9(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return pd_string_array(r->s->v9.data, 16, &r->s->v9.length, &r->s->v9.cut,
			       (u64) PD_AT(struct task_struct, p, comm));
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* args.p.process.exe */
PD_INLINE u8 fetch_10(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	return task_exe(r, p, r->s->v10.data, 256, &r->s->v10.length, &r->s->v10.cut);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* args.info */
PD_INLINE u8 fetch_11(struct run *r)
{
	r->s->v11 = PD_CONTEXT(u64, r->ctx, 8);
	return PD_OK;
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* args.cred.uid */
PD_INLINE u8 fetch_12(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, uid.val)))
		return PD_UNREAD;
	r->s->v12 = found;
	return PD_OK;
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* args.cred.gid */
PD_INLINE u8 fetch_13(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, gid.val)))
		return PD_UNREAD;
	r->s->v13 = found;
	return PD_OK;
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* args.cred.euid */
PD_INLINE u8 fetch_14(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, euid.val)))
		return PD_UNREAD;
	r->s->v14 = found;
	return PD_OK;
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

/* args.cred.egid */
PD_INLINE u8 fetch_15(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, egid.val)))
		return PD_UNREAD;
	r->s->v15 = found;
	return PD_OK;
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* args.cred.capabilities.effective */
PD_INLINE u8 fetch_16(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 24);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u64 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct cred, p, cap_effective)))
		return PD_UNREAD;
	r->s->v16 = found;
	return PD_OK;
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

#line 13 "tests/golden/verdicts.yaml"
/* args.sig Equal */
PD_INLINE int test_0(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 9LL);
}
#line here "policyd.c"

#line 17 "tests/golden/verdicts.yaml"
/* args.sig Equal */
PD_INLINE int test_1(struct run *r, int unread)
{
	return ((s64) r->s->v0 == 15LL);
}
#line here "policyd.c"

#line 11 "tests/golden/verdicts.yaml"
/* verdicts/function */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 1] = 0 | flags << 16;
}
#line here "policyd.c"

#line 15 "tests/golden/verdicts.yaml"
/* verdicts/result */
PD_INLINE void match_1(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_1(r, 1))
		return;
	r->s->queue_0[r->s->queued_0++ & 1] = 1 | flags << 16;
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
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
	need_6(r);
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
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 0xa295869fULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v1;
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->f.c2 = r->s->v3;
	if (r->s->state[4] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v4.data, r->s->v4.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[4], 3);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 152, &e->f.c4, r->self->exe, r->self->exe_length, r->self->exe_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 4);
	e->f.c5 = r->s->state[6] == PD_OK ? r->s->v6 : 0;
	pd_mark(&absent, &unread, r->s->state[6], 5);
	e->f.c6 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 6);
	e->f.c7 = r->s->state[8] == PD_OK ? r->s->v8 : 0;
	pd_mark(&absent, &unread, r->s->state[8], 7);
	if (r->s->state[9] == PD_OK)
		pd_put_string(e->f.c8, sizeof(e->f.c8), r->s->v9.data, r->s->v9.length);
	else
		__builtin_memset(e->f.c8, 0, sizeof(e->f.c8));
	pd_mark(&absent, &unread, r->s->state[9], 8);
	if (r->s->state[10] == PD_OK) {
		at = pd_append(e, at, 408, &e->f.c9, r->s->v10.data, r->s->v10.length, r->s->v10.cut, 256);
		if (!at)
			return;
	} else {
		e->f.c9.offset = 0;
		e->f.c9.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[10], 9);
	e->f.c10 = r->s->v11;
	e->f.c11 = r->s->v0;
	e->f.c12 = r->s->state[12] == PD_OK ? r->s->v12 : 0;
	pd_mark(&absent, &unread, r->s->state[12], 12);
	e->f.c13 = r->s->state[13] == PD_OK ? r->s->v13 : 0;
	pd_mark(&absent, &unread, r->s->state[13], 13);
	e->f.c14 = r->s->state[14] == PD_OK ? r->s->v14 : 0;
	pd_mark(&absent, &unread, r->s->state[14], 14);
	e->f.c15 = r->s->state[15] == PD_OK ? r->s->v15 : 0;
	pd_mark(&absent, &unread, r->s->state[15], 15);
	e->f.c16 = r->s->state[16] == PD_OK ? r->s->v16 : 0;
	pd_mark(&absent, &unread, r->s->state[16], 16);
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
	r->self = pd_process_self(MAP(processes));
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
	r->s->state[0] = fetch_0(r);
	r->s->queued_0 = 0;
	match_0(r);
	match_1(r);
	take_effects_0(r, 2);
}

PD_ENTRY s64 pd_90c48d117919(void *ctx)
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
		pd_canary(0, 2);
	else
		run_0(&r);
	verdict = pd_finish(&r);
	r.s->ctx = 0;
	pd_release(MAP(busy), r.s->slot);
	return verdict;
}

char LICENSE[] __attribute__((section("license"), used)) = "GPL";

/* policyd 0.1.0, lsm:file_open, pd_af7753676ca2 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (0)
#define PD_THREAD() ((u32) pd_pid_tgid())
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x309c1b3a7f89ULL
#define PD_CANARY_PROGRAM 0xaf7753676ca2ULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(processes, 1, 4, 856, 65536);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 10016, 16);
PD_MAP(busy, 6, 4, 8, 1);
#endif

/* lib/numbers.c */

/* lib/strings.c */

/* lib/lists.c */

/* fields/path_types.c */

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
	struct pd_packed c4; /* process_exe */
	struct pd_packed c5; /* args_file_path */
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
	PD_STRING(16) v4;
	PD_STRING(4096) v6;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_climb climb;
	u64 event[556];
	u8 state[7]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 10016, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
	struct pd_process *self;
};

/* lib/scratch.c */

/* lib/events.c */

/* hooks/errno.c */

/* fields/process.c */

/* fields/follow.c */

/* fields/task.c */

/* fields/path.c */

/* args.file.f_flags */
PD_INLINE u8 fetch_0(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	u32 found = 0;

	if (pd_read_kernel(&found, sizeof(found), PD_AT(struct file, p, f_flags)))
		return PD_UNREAD;
	r->s->v0 = found;
	return PD_OK;
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* process.pid */
PD_INLINE u8 fetch_1(struct run *r)
{
	return process_pid(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* process.ppid */
PD_INLINE u8 fetch_2(struct run *r)
{
	return process_ppid(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* process.uid */
PD_INLINE u8 fetch_3(struct run *r)
{
	return process_uid(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* process.comm */
PD_INLINE u8 fetch_4(struct run *r)
{
	return process_comm(r, r->s->v4.data, &r->s->v4.length, &r->s->v4.cut);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* args.file.path */
PD_INLINE u8 fetch_6(struct run *r)
{
	u64 p = PD_CONTEXT(u64, r->ctx, 0);

	if (pd_no_pointer(p))
		return PD_ABSENT;
	p = (u64) PD_AT(struct file, p, f_path);
	if (pd_no_pointer(p))
		return PD_ABSENT;
	return path_path(r, p, r->s->v6.data, 4096, &r->s->v6.length, &r->s->v6.cut);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

#line 9 "tests/golden/verdicts.yaml"
/* args.file.f_flags AnyBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] == PD_UNREAD)
		return unread;
	if (r->s->state[0] != PD_OK)
		return 0;
	return ((r->s->v0 & 512) != 0);
}
#line here "policyd.c"

#line 7 "tests/golden/verdicts.yaml"
/* verdicts/hook */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!test_0(r, 1))
		return;
	if ((r->s->state[0] == PD_UNREAD) && !test_0(r, 0))
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
	need_1(r);
	need_2(r);
	need_3(r);
	need_4(r);
	e = (void *) r->s->event;
	pd_fill_header(&e->h, 2121887479, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v1;
	e->f.c1 = r->s->state[2] == PD_OK ? r->s->v2 : 0;
	pd_mark(&absent, &unread, r->s->state[2], 1);
	e->f.c2 = r->s->v3;
	if (r->s->state[4] == PD_OK)
		pd_put_string(e->f.c3, sizeof(e->f.c3), r->s->v4.data, r->s->v4.length);
	else
		__builtin_memset(e->f.c3, 0, sizeof(e->f.c3));
	pd_mark(&absent, &unread, r->s->state[4], 3);
	if ((r->self ? PD_OK : PD_UNREAD) == PD_OK) {
		at = pd_append(e, at, 88, &e->f.c4, r->self->exe, r->self->exe_length, r->self->exe_cut, 256);
		if (!at)
			return;
	} else {
		e->f.c4.offset = 0;
		e->f.c4.length = 0;
	}
	pd_mark(&absent, &unread, (r->self ? PD_OK : PD_UNREAD), 4);
	if (r->s->state[6] == PD_OK) {
		at = pd_append(e, at, 344, &e->f.c5, r->s->v6.data, r->s->v6.length, r->s->v6.cut, 4096);
		if (!at)
			return;
	} else {
		e->f.c5.offset = 0;
		e->f.c5.length = 0;
	}
	pd_mark(&absent, &unread, r->s->state[6], 5);
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
	r->self = pd_process_self(MAP(processes));
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
	r->s->queued_0 = 0;
	match_0(r);
	if (r->s->queued_0)
		need_6(r);
	take_effects_0(r, 1);
}

PD_ENTRY s64 pd_af7753676ca2(void *ctx)
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
