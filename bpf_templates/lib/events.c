PD_INLINE void pd_fill_header(struct pd_header *h, u32 layout, u32 policy, u16 rule, u16 hook, u16 flags, u16 verdict)
{
	h->layout = layout;
	h->policy = policy;
	h->rule = rule;
	h->flags = flags;
	h->time = pd_boot_time();
	h->cpu = pd_cpu();
	h->verdict = verdict;
	h->hook = hook;
}

PD_INLINE void pd_mark(u64 *absent, u64 *unread, u8 state, u32 column)
{
	*absent |= (u64) (state == PD_ABSENT) << column;
	*unread |= (u64) (state == PD_UNREAD) << column;
	PD_OPAQUE(*absent); /* one after the other: the compiler would keep the bits of all columns on the stack until the end */
	PD_OPAQUE(*unread);
}

/* A string of at most `size` - 1 bytes into a fixed place, NUL padded, so that nothing stale leaves the kernel. */
PD_INLINE void pd_put_string(void *to, u32 size, const char *data, u32 length)
{
	__builtin_memset(to, 0, size);
	if (length > size - 1)
		length = size - 1;
	PD_OPAQUE(length);
	if (length < size)
		pd_read_kernel(to, length, data);
}

/* A string behind what the event holds already; returns where the next one begins.  `limit` is what the others leave. */
PD_INLINE u32 pd_append(void *event, u32 at, u32 limit, struct pd_packed *slot, const char *data, u32 length, u32 cut,
			u32 capacity)
{
	if (length > capacity - 1)
		length = capacity - 1;
	PD_OPAQUE(length);
	PD_OPAQUE(at);
	if (length > capacity - 1 || at > limit)
		return 0;
	slot->offset = at - sizeof(struct pd_header);
	slot->length = length | (cut ? 0x8000 : 0);
	pd_read_kernel((char *) event + at, length, data);
	return at + length;
}
