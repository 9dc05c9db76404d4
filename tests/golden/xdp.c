/* policyd 0.1.0, xdp:eth0, pd_54b6f87384ab */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (2)
#define PD_THREAD() pd_thread()
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0x8c53eef5a5dULL
#define PD_CANARY_PROGRAM 0x54b6f87384abULL

/* lib/maps.c */

#ifndef PD_LITERAL_MAPS
PD_MAP(config, 2, 4, 8, 1024);
PD_MAP(account, 6, 4, 128, 1024);
PD_MAP(scalars, 2, 4, 24, 8192);
PD_MAP(rings, 12, 4, 4, 1024);
PD_MAP(hash_8_8_f1, 12, 4, 4, 4096);
PD_MAP(lpm_trie_20_8_f1, 12, 4, 4, 4096);
PD_MAP(percpu_hash_24_8_f1, 12, 4, 4, 4096);
PD_MAP(zeros, 2, 4, 8, 1);
PD_MAP(rules, 2, 4, 28, 1);
PD_MAP(scratch, 6, 4, 784, 1);
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
	struct pd_address c0; /* src_ip */
	u8 c1; /* protocol */
	u8 pad0[7];
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
	struct pd_address v2;
	u64 v3;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u64 key[34];
	u8 state[4]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 784, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* fields/packet.c */

/* hooks/xdp.c */

/* fields/process.c */

/* fields/thread.c */

/* src.ip */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_src_ip(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* dst.port */
PD_INLINE u8 fetch_1(struct run *r)
{
	return packet_dst_port(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
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

/* protocol */
PD_INLINE u8 fetch_3(struct run *r)
{
	return packet_protocol(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

#line 17 "tests/golden/xdp.yaml"
/* src.ip not InCIDR */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 1;
	return !(((r->s->v0.high == 0) && (r->s->v0.low == 0x70200c0ffff0000ULL)) || ((r->s->v0.high == 0xb80d0120ULL) && (r->s->v0.low == 0x700000000000000ULL)));
}
#line here "policyd.c"

#line 14 "tests/golden/xdp.yaml"
/* src.ip InCIDR */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	int found = pd_in_cidrs(MAP(lpm_trie_20_8_f1), 0, &r->s->v0);

	return found == PD_EMPTY ? 0 : found;
}
#line here "policyd.c"

#line 15 "tests/golden/xdp.yaml"
/* dst.port In */
PD_INLINE int test_2(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return 0;
	int found = pd_in_numbers(MAP(hash_8_8_f1), 0, r->s->v1);

	return found == PD_EMPTY ? 1 : found;
}
#line here "policyd.c"

#line 16 "tests/golden/xdp.yaml"
/* dst.ip Equal */
PD_INLINE int test_3(struct run *r, int unread)
{
	need_2(r);
	if (r->s->state[2] != PD_OK)
		return 0;
	struct pd_scalar *scalar = pd_row(MAP(scalars), 0);

	if (!scalar || !scalar->set)
		return 1;
	return ((__builtin_bswap64(r->s->v2.high) == scalar->high) && (__builtin_bswap64(r->s->v2.low) == scalar->low));
}
#line here "policyd.c"

#line 11 "tests/golden/xdp.yaml"
/* xdp/drop */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1) && test_2(r, 1) && test_3(r, 1)))
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
	need_3(r);
	if (!((r->s->state[0] == PD_OK) && (r->s->state[3] == PD_OK))) {
		PD_ADD(&counts[4], 1);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(&key->c0, &r->s->v0, sizeof(key->c0));
	key->c1 = r->s->v3;
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

PD_ENTRY int pd_54b6f87384ab(void *ctx)
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

/* policyd 0.1.0, xdp:wg0, pd_f61ff2339819 */
/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */

/* lib/types.c */

/* types of the kernel */


/* lib/helpers.c */
#define PD_NEUTRAL (2)
#define PD_THREAD() pd_thread()
#define PD_NO_ETHERNET 1
#define PD_CANARY_ROW 1023
#define PD_CANARY_COLUMN 10
#define PD_CANARY_LAYOUT 0
#define PD_CANARY_POINT 0xf3b60d60818dULL
#define PD_CANARY_PROGRAM 0xf61ff2339819ULL

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
	u32 c0; /* packet_length */
	u32 c1; /* interface */
	u16 c2; /* family */
	u8 c3; /* protocol */
	u8 pad0[5];
	struct pd_address c4; /* src_ip */
	u16 c5; /* src_port */
	u8 pad1[6];
	struct pd_address c6; /* dst_ip */
	u16 c7; /* dst_port */
	u8 c8[6]; /* eth_src */
	u8 c9[6]; /* eth_dst */
	u16 c10; /* eth_type */
	u16 c11; /* vlan_id */
	u8 c12; /* vlan_priority */
	u8 c13; /* ip_ttl */
	u8 c14; /* ip_dscp */
	u8 c15; /* ip_ecn */
	u8 c16; /* ip_fragment */
	u8 pad2[1];
	u16 c17; /* fragment_offset */
	u8 c18; /* fragment_more */
	u8 pad3[1];
	u32 c19; /* fragment_id */
	struct pd_address c20; /* ip4_src */
	struct pd_address c21; /* ip4_dst */
	u16 c22; /* ip4_id */
	u16 c23; /* ip4_length */
	u8 pad4[4];
	struct pd_address c24; /* ip6_src */
	struct pd_address c25; /* ip6_dst */
	u32 c26; /* ip6_flow_label */
	u16 c27; /* ip6_length */
	u16 c28; /* tcp_src_port */
	u16 c29; /* tcp_dst_port */
	u8 c30; /* tcp_flags */
	u8 pad5[1];
	u32 c31; /* tcp_seq */
	u32 c32; /* tcp_ack */
	u16 c33; /* tcp_window */
	u16 c34; /* udp_src_port */
	u16 c35; /* udp_dst_port */
	u16 c36; /* udp_length */
	u8 c37; /* icmp_type */
	u8 c38; /* icmp_code */
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
	u64 v4;
	u64 v5;
	struct pd_address v6;
	u64 v7;
	struct pd_address v8;
	u64 v9;
	u8 v10[8] __attribute__((aligned(8)));
	u8 v11[8] __attribute__((aligned(8)));
	u64 v12;
	u64 v13;
	u64 v14;
	u64 v15;
	u64 v16;
	u64 v17;
	u64 v18;
	u64 v19;
	u64 v20;
	u64 v21;
	struct pd_address v22;
	struct pd_address v23;
	u64 v24;
	u64 v25;
	struct pd_address v26;
	struct pd_address v27;
	u64 v28;
	u64 v29;
	u64 v30;
	u64 v31;
	u64 v32;
	u64 v33;
	u64 v34;
	u64 v35;
	u64 v36;
	u64 v37;
	u64 v38;
	u32 queued_0;
	u32 queue_0[1];
	struct pd_packet packet;
	u8 state[39]; /* PD_OK, PD_ABSENT or PD_UNREAD of each value; 0: not fetched yet */
	char slack[256];
};

_Static_assert(sizeof(struct subject) <= 856, "the scratch map is too small");

struct run {
	void *ctx;
	struct subject *s;
};

/* lib/events.c */

/* fields/packet.c */

/* hooks/xdp.c */

/* fields/process.c */

/* fields/thread.c */

/* tcp.flags */
PD_INLINE u8 fetch_0(struct run *r)
{
	return packet_tcp_flags(r, &r->s->v0);
}

PD_INLINE void need_0(struct run *r)
{
	if (!r->s->state[0])
		r->s->state[0] = fetch_0(r);
}

/* icmp.type */
PD_INLINE u8 fetch_1(struct run *r)
{
	return packet_icmp_type(r, &r->s->v1);
}

PD_INLINE void need_1(struct run *r)
{
	if (!r->s->state[1])
		r->s->state[1] = fetch_1(r);
}

/* packet.length */
PD_INLINE u8 fetch_2(struct run *r)
{
	return packet_length(r, &r->s->v2);
}

PD_INLINE void need_2(struct run *r)
{
	if (!r->s->state[2])
		r->s->state[2] = fetch_2(r);
}

/* interface */
PD_INLINE u8 fetch_3(struct run *r)
{
	return packet_interface(r, &r->s->v3);
}

PD_INLINE void need_3(struct run *r)
{
	if (!r->s->state[3])
		r->s->state[3] = fetch_3(r);
}

/* family */
PD_INLINE u8 fetch_4(struct run *r)
{
	return packet_family(r, &r->s->v4);
}

PD_INLINE void need_4(struct run *r)
{
	if (!r->s->state[4])
		r->s->state[4] = fetch_4(r);
}

/* protocol */
PD_INLINE u8 fetch_5(struct run *r)
{
	return packet_protocol(r, &r->s->v5);
}

PD_INLINE void need_5(struct run *r)
{
	if (!r->s->state[5])
		r->s->state[5] = fetch_5(r);
}

/* src.ip */
PD_INLINE u8 fetch_6(struct run *r)
{
	return packet_src_ip(r, &r->s->v6);
}

PD_INLINE void need_6(struct run *r)
{
	if (!r->s->state[6])
		r->s->state[6] = fetch_6(r);
}

/* src.port */
PD_INLINE u8 fetch_7(struct run *r)
{
	return packet_src_port(r, &r->s->v7);
}

PD_INLINE void need_7(struct run *r)
{
	if (!r->s->state[7])
		r->s->state[7] = fetch_7(r);
}

/* dst.ip */
PD_INLINE u8 fetch_8(struct run *r)
{
	return packet_dst_ip(r, &r->s->v8);
}

PD_INLINE void need_8(struct run *r)
{
	if (!r->s->state[8])
		r->s->state[8] = fetch_8(r);
}

/* dst.port */
PD_INLINE u8 fetch_9(struct run *r)
{
	return packet_dst_port(r, &r->s->v9);
}

PD_INLINE void need_9(struct run *r)
{
	if (!r->s->state[9])
		r->s->state[9] = fetch_9(r);
}

/* eth.src */
PD_INLINE u8 fetch_10(struct run *r)
{
	return packet_eth_src(r, r->s->v10);
}

PD_INLINE void need_10(struct run *r)
{
	if (!r->s->state[10])
		r->s->state[10] = fetch_10(r);
}

/* eth.dst */
PD_INLINE u8 fetch_11(struct run *r)
{
	return packet_eth_dst(r, r->s->v11);
}

PD_INLINE void need_11(struct run *r)
{
	if (!r->s->state[11])
		r->s->state[11] = fetch_11(r);
}

/* eth.type */
PD_INLINE u8 fetch_12(struct run *r)
{
	return packet_eth_type(r, &r->s->v12);
}

PD_INLINE void need_12(struct run *r)
{
	if (!r->s->state[12])
		r->s->state[12] = fetch_12(r);
}

/* vlan.id */
PD_INLINE u8 fetch_13(struct run *r)
{
	return packet_vlan_id(r, &r->s->v13);
}

PD_INLINE void need_13(struct run *r)
{
	if (!r->s->state[13])
		r->s->state[13] = fetch_13(r);
}

/* vlan.priority */
PD_INLINE u8 fetch_14(struct run *r)
{
	return packet_vlan_priority(r, &r->s->v14);
}

PD_INLINE void need_14(struct run *r)
{
	if (!r->s->state[14])
		r->s->state[14] = fetch_14(r);
}

/* ip.ttl */
PD_INLINE u8 fetch_15(struct run *r)
{
	return packet_ip_ttl(r, &r->s->v15);
}

PD_INLINE void need_15(struct run *r)
{
	if (!r->s->state[15])
		r->s->state[15] = fetch_15(r);
}

/* ip.dscp */
PD_INLINE u8 fetch_16(struct run *r)
{
	return packet_ip_dscp(r, &r->s->v16);
}

PD_INLINE void need_16(struct run *r)
{
	if (!r->s->state[16])
		r->s->state[16] = fetch_16(r);
}

/* ip.ecn */
PD_INLINE u8 fetch_17(struct run *r)
{
	return packet_ip_ecn(r, &r->s->v17);
}

PD_INLINE void need_17(struct run *r)
{
	if (!r->s->state[17])
		r->s->state[17] = fetch_17(r);
}

/* ip.fragment */
PD_INLINE u8 fetch_18(struct run *r)
{
	return packet_ip_fragment(r, &r->s->v18);
}

PD_INLINE void need_18(struct run *r)
{
	if (!r->s->state[18])
		r->s->state[18] = fetch_18(r);
}

/* fragment.offset */
PD_INLINE u8 fetch_19(struct run *r)
{
	return packet_fragment_offset(r, &r->s->v19);
}

PD_INLINE void need_19(struct run *r)
{
	if (!r->s->state[19])
		r->s->state[19] = fetch_19(r);
}

/* fragment.more */
PD_INLINE u8 fetch_20(struct run *r)
{
	return packet_fragment_more(r, &r->s->v20);
}

PD_INLINE void need_20(struct run *r)
{
	if (!r->s->state[20])
		r->s->state[20] = fetch_20(r);
}

/* fragment.id */
PD_INLINE u8 fetch_21(struct run *r)
{
	return packet_fragment_id(r, &r->s->v21);
}

PD_INLINE void need_21(struct run *r)
{
	if (!r->s->state[21])
		r->s->state[21] = fetch_21(r);
}

/* ip4.src */
PD_INLINE u8 fetch_22(struct run *r)
{
	return packet_ip4_src(r, &r->s->v22);
}

PD_INLINE void need_22(struct run *r)
{
	if (!r->s->state[22])
		r->s->state[22] = fetch_22(r);
}

/* ip4.dst */
PD_INLINE u8 fetch_23(struct run *r)
{
	return packet_ip4_dst(r, &r->s->v23);
}

PD_INLINE void need_23(struct run *r)
{
	if (!r->s->state[23])
		r->s->state[23] = fetch_23(r);
}

/* ip4.id */
PD_INLINE u8 fetch_24(struct run *r)
{
	return packet_ip4_id(r, &r->s->v24);
}

PD_INLINE void need_24(struct run *r)
{
	if (!r->s->state[24])
		r->s->state[24] = fetch_24(r);
}

/* ip4.length */
PD_INLINE u8 fetch_25(struct run *r)
{
	return packet_ip4_length(r, &r->s->v25);
}

PD_INLINE void need_25(struct run *r)
{
	if (!r->s->state[25])
		r->s->state[25] = fetch_25(r);
}

/* ip6.src */
PD_INLINE u8 fetch_26(struct run *r)
{
	return packet_ip6_src(r, &r->s->v26);
}

PD_INLINE void need_26(struct run *r)
{
	if (!r->s->state[26])
		r->s->state[26] = fetch_26(r);
}

/* ip6.dst */
PD_INLINE u8 fetch_27(struct run *r)
{
	return packet_ip6_dst(r, &r->s->v27);
}

PD_INLINE void need_27(struct run *r)
{
	if (!r->s->state[27])
		r->s->state[27] = fetch_27(r);
}

/* ip6.flow_label */
PD_INLINE u8 fetch_28(struct run *r)
{
	return packet_ip6_flow_label(r, &r->s->v28);
}

PD_INLINE void need_28(struct run *r)
{
	if (!r->s->state[28])
		r->s->state[28] = fetch_28(r);
}

/* ip6.length */
PD_INLINE u8 fetch_29(struct run *r)
{
	return packet_ip6_length(r, &r->s->v29);
}

PD_INLINE void need_29(struct run *r)
{
	if (!r->s->state[29])
		r->s->state[29] = fetch_29(r);
}

/* tcp.src_port */
PD_INLINE u8 fetch_30(struct run *r)
{
	return packet_tcp_src_port(r, &r->s->v30);
}

PD_INLINE void need_30(struct run *r)
{
	if (!r->s->state[30])
		r->s->state[30] = fetch_30(r);
}

/* tcp.dst_port */
PD_INLINE u8 fetch_31(struct run *r)
{
	return packet_tcp_dst_port(r, &r->s->v31);
}

PD_INLINE void need_31(struct run *r)
{
	if (!r->s->state[31])
		r->s->state[31] = fetch_31(r);
}

/* tcp.seq */
PD_INLINE u8 fetch_32(struct run *r)
{
	return packet_tcp_seq(r, &r->s->v32);
}

PD_INLINE void need_32(struct run *r)
{
	if (!r->s->state[32])
		r->s->state[32] = fetch_32(r);
}

/* tcp.ack */
PD_INLINE u8 fetch_33(struct run *r)
{
	return packet_tcp_ack(r, &r->s->v33);
}

PD_INLINE void need_33(struct run *r)
{
	if (!r->s->state[33])
		r->s->state[33] = fetch_33(r);
}

/* tcp.window */
PD_INLINE u8 fetch_34(struct run *r)
{
	return packet_tcp_window(r, &r->s->v34);
}

PD_INLINE void need_34(struct run *r)
{
	if (!r->s->state[34])
		r->s->state[34] = fetch_34(r);
}

/* udp.src_port */
PD_INLINE u8 fetch_35(struct run *r)
{
	return packet_udp_src_port(r, &r->s->v35);
}

PD_INLINE void need_35(struct run *r)
{
	if (!r->s->state[35])
		r->s->state[35] = fetch_35(r);
}

/* udp.dst_port */
PD_INLINE u8 fetch_36(struct run *r)
{
	return packet_udp_dst_port(r, &r->s->v36);
}

PD_INLINE void need_36(struct run *r)
{
	if (!r->s->state[36])
		r->s->state[36] = fetch_36(r);
}

/* udp.length */
PD_INLINE u8 fetch_37(struct run *r)
{
	return packet_udp_length(r, &r->s->v37);
}

PD_INLINE void need_37(struct run *r)
{
	if (!r->s->state[37])
		r->s->state[37] = fetch_37(r);
}

/* icmp.code */
PD_INLINE u8 fetch_38(struct run *r)
{
	return packet_icmp_code(r, &r->s->v38);
}

PD_INLINE void need_38(struct run *r)
{
	if (!r->s->state[38])
		r->s->state[38] = fetch_38(r);
}

#line 24 "tests/golden/xdp.yaml"
/* tcp.flags AllBits */
PD_INLINE int test_0(struct run *r, int unread)
{
	need_0(r);
	if (r->s->state[0] != PD_OK)
		return 0;
	return ((r->s->v0 & 2) == 2);
}
#line here "policyd.c"

#line 25 "tests/golden/xdp.yaml"
/* icmp.type not Exists */
PD_INLINE int test_1(struct run *r, int unread)
{
	need_1(r);
	if (r->s->state[1] != PD_OK)
		return 1;
	return !(1);
}
#line here "policyd.c"

#line 21 "tests/golden/xdp.yaml"
/* xdp/fields */
PD_INLINE void match_0(struct run *r)
{
	u32 flags = 0;

	PD_BARRIER();
	if (!(test_0(r, 1) && test_1(r, 1)))
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
	need_2(r);
	need_3(r);
	need_4(r);
	need_5(r);
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
	need_0(r);
	need_32(r);
	need_33(r);
	need_34(r);
	need_35(r);
	need_36(r);
	need_37(r);
	need_1(r);
	need_38(r);
	e = ring ? pd_ring_reserve(ring, sizeof(*e), 0) : 0;
	if (!e) {
		PD_ADD(&counts[2], 1);
		return;
	}
	pd_fill_header(&e->h, 0xa768ca47ULL, d->policy, d->rule, d->hook, flags, verdict);
	e->f.c0 = r->s->v2;
	e->f.c1 = r->s->v3;
	e->f.c2 = r->s->state[4] == PD_OK ? r->s->v4 : 0;
	pd_mark(&absent, &unread, r->s->state[4], 2);
	e->f.c3 = r->s->state[5] == PD_OK ? r->s->v5 : 0;
	pd_mark(&absent, &unread, r->s->state[5], 3);
	if (r->s->state[6] == PD_OK)
		__builtin_memcpy(&e->f.c4, &r->s->v6, sizeof(e->f.c4));
	else
		__builtin_memset(&e->f.c4, 0, sizeof(e->f.c4));
	pd_mark(&absent, &unread, r->s->state[6], 4);
	e->f.c5 = r->s->state[7] == PD_OK ? r->s->v7 : 0;
	pd_mark(&absent, &unread, r->s->state[7], 5);
	if (r->s->state[8] == PD_OK)
		__builtin_memcpy(&e->f.c6, &r->s->v8, sizeof(e->f.c6));
	else
		__builtin_memset(&e->f.c6, 0, sizeof(e->f.c6));
	pd_mark(&absent, &unread, r->s->state[8], 6);
	e->f.c7 = r->s->state[9] == PD_OK ? r->s->v9 : 0;
	pd_mark(&absent, &unread, r->s->state[9], 7);
	if (r->s->state[10] == PD_OK)
		__builtin_memcpy(&e->f.c8, &r->s->v10, sizeof(e->f.c8));
	else
		__builtin_memset(&e->f.c8, 0, sizeof(e->f.c8));
	pd_mark(&absent, &unread, r->s->state[10], 8);
	if (r->s->state[11] == PD_OK)
		__builtin_memcpy(&e->f.c9, &r->s->v11, sizeof(e->f.c9));
	else
		__builtin_memset(&e->f.c9, 0, sizeof(e->f.c9));
	pd_mark(&absent, &unread, r->s->state[11], 9);
	e->f.c10 = r->s->state[12] == PD_OK ? r->s->v12 : 0;
	pd_mark(&absent, &unread, r->s->state[12], 10);
	e->f.c11 = r->s->state[13] == PD_OK ? r->s->v13 : 0;
	pd_mark(&absent, &unread, r->s->state[13], 11);
	e->f.c12 = r->s->state[14] == PD_OK ? r->s->v14 : 0;
	pd_mark(&absent, &unread, r->s->state[14], 12);
	e->f.c13 = r->s->state[15] == PD_OK ? r->s->v15 : 0;
	pd_mark(&absent, &unread, r->s->state[15], 13);
	e->f.c14 = r->s->state[16] == PD_OK ? r->s->v16 : 0;
	pd_mark(&absent, &unread, r->s->state[16], 14);
	e->f.c15 = r->s->state[17] == PD_OK ? r->s->v17 : 0;
	pd_mark(&absent, &unread, r->s->state[17], 15);
	e->f.c16 = r->s->state[18] == PD_OK ? r->s->v18 : 0;
	pd_mark(&absent, &unread, r->s->state[18], 16);
	e->f.c17 = r->s->state[19] == PD_OK ? r->s->v19 : 0;
	pd_mark(&absent, &unread, r->s->state[19], 17);
	e->f.c18 = r->s->state[20] == PD_OK ? r->s->v20 : 0;
	pd_mark(&absent, &unread, r->s->state[20], 18);
	e->f.c19 = r->s->state[21] == PD_OK ? r->s->v21 : 0;
	pd_mark(&absent, &unread, r->s->state[21], 19);
	if (r->s->state[22] == PD_OK)
		__builtin_memcpy(&e->f.c20, &r->s->v22, sizeof(e->f.c20));
	else
		__builtin_memset(&e->f.c20, 0, sizeof(e->f.c20));
	pd_mark(&absent, &unread, r->s->state[22], 20);
	if (r->s->state[23] == PD_OK)
		__builtin_memcpy(&e->f.c21, &r->s->v23, sizeof(e->f.c21));
	else
		__builtin_memset(&e->f.c21, 0, sizeof(e->f.c21));
	pd_mark(&absent, &unread, r->s->state[23], 21);
	e->f.c22 = r->s->state[24] == PD_OK ? r->s->v24 : 0;
	pd_mark(&absent, &unread, r->s->state[24], 22);
	e->f.c23 = r->s->state[25] == PD_OK ? r->s->v25 : 0;
	pd_mark(&absent, &unread, r->s->state[25], 23);
	if (r->s->state[26] == PD_OK)
		__builtin_memcpy(&e->f.c24, &r->s->v26, sizeof(e->f.c24));
	else
		__builtin_memset(&e->f.c24, 0, sizeof(e->f.c24));
	pd_mark(&absent, &unread, r->s->state[26], 24);
	if (r->s->state[27] == PD_OK)
		__builtin_memcpy(&e->f.c25, &r->s->v27, sizeof(e->f.c25));
	else
		__builtin_memset(&e->f.c25, 0, sizeof(e->f.c25));
	pd_mark(&absent, &unread, r->s->state[27], 25);
	e->f.c26 = r->s->state[28] == PD_OK ? r->s->v28 : 0;
	pd_mark(&absent, &unread, r->s->state[28], 26);
	e->f.c27 = r->s->state[29] == PD_OK ? r->s->v29 : 0;
	pd_mark(&absent, &unread, r->s->state[29], 27);
	e->f.c28 = r->s->state[30] == PD_OK ? r->s->v30 : 0;
	pd_mark(&absent, &unread, r->s->state[30], 28);
	e->f.c29 = r->s->state[31] == PD_OK ? r->s->v31 : 0;
	pd_mark(&absent, &unread, r->s->state[31], 29);
	e->f.c30 = r->s->state[0] == PD_OK ? r->s->v0 : 0;
	pd_mark(&absent, &unread, r->s->state[0], 30);
	e->f.c31 = r->s->state[32] == PD_OK ? r->s->v32 : 0;
	pd_mark(&absent, &unread, r->s->state[32], 31);
	e->f.c32 = r->s->state[33] == PD_OK ? r->s->v33 : 0;
	pd_mark(&absent, &unread, r->s->state[33], 32);
	e->f.c33 = r->s->state[34] == PD_OK ? r->s->v34 : 0;
	pd_mark(&absent, &unread, r->s->state[34], 33);
	e->f.c34 = r->s->state[35] == PD_OK ? r->s->v35 : 0;
	pd_mark(&absent, &unread, r->s->state[35], 34);
	e->f.c35 = r->s->state[36] == PD_OK ? r->s->v36 : 0;
	pd_mark(&absent, &unread, r->s->state[36], 35);
	e->f.c36 = r->s->state[37] == PD_OK ? r->s->v37 : 0;
	pd_mark(&absent, &unread, r->s->state[37], 36);
	e->f.c37 = r->s->state[1] == PD_OK ? r->s->v1 : 0;
	pd_mark(&absent, &unread, r->s->state[1], 37);
	e->f.c38 = r->s->state[38] == PD_OK ? r->s->v38 : 0;
	pd_mark(&absent, &unread, r->s->state[38], 38);
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

PD_ENTRY int pd_f61ff2339819(void *ctx)
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
