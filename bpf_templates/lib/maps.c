/* Maps are the engine's: clang names them by symbol, bcc by a number that stands for one (PD_FD_name). */
#ifdef PD_LITERAL_MAPS
u64 bpf_pseudo_fd(u64 kind, u64 number) asm("llvm.bpf.pseudo"); /* 1: BPF_PSEUDO_MAP_FD */
#define MAP(name) ((void *) bpf_pseudo_fd(1, PD_FD_##name))
#else
#define MAP(name) ((void *) &name)
#endif

#define PD_MAP(name, kind, key, value, entries)                     \
	struct {                                                    \
		int (*type)[kind];                                  \
		int (*key_size)[key];                               \
		int (*value_size)[value];                           \
		int (*max_entries)[entries];                        \
	} name __attribute__((section(".maps"), used))

PD_INLINE void *pd_row(void *map, u32 row)
{
	return pd_map_lookup(map, &row);
}

/* Adds on this CPU; atomic, because an interrupt's program may add to the same place. */
#define PD_ADD(pointer, number) __sync_fetch_and_add((pointer), (number))

PD_INLINE void pd_account(void *account, u32 row, u32 column)
{
	u64 *counts = pd_row(account, row);

	if (counts)
		PD_ADD(&counts[column], 1);
}

/* The entry of a key, made from zeros if it is new; NULL if the map is full.  `zeros` is a row of an array, and there: but that a
 * look-up with a constant key finds it is known to verifiers since 6.14 only. */
PD_INLINE void *pd_entry(void *map, const void *key, const void *zeros)
{
	void *entry = pd_map_lookup(map, key);

	if (entry || !zeros)
		return entry;
	pd_map_update(map, key, zeros, 1 /* BPF_NOEXIST */);
	return pd_map_lookup(map, key);
}
