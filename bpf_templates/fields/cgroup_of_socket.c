/* The cgroup of a packet's socket; unread for a packet that has none (yet). */
#define PD_ANCESTOR_CGROUP(r, level) pd_skb_ancestor_cgroup((r)->ctx, level)

PD_INLINE u8 socket_cgroup(struct run *r, u64 *out)
{
	*out = pd_skb_cgroup(r->ctx);
	return *out ? PD_OK : PD_UNREAD;
}
