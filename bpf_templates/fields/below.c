/* Whether the cgroup of the event is one of a list's, or below one.  The list says at which levels its cgroups are, in a row of
 * its own: so many are looked up, and mostly there is one. */
#define PD_DEEPEST 32
#define PD_LEVELS (~0ULL)

PD_INLINE int pd_below(struct run *r, void *map, u32 row)
{
	void *list = pd_row(map, row);
	u64 key = PD_LEVELS;
	u64 *levels;
	u64 *found;
	u64 left;

	if (!list)
		return PD_EMPTY;
	levels = pd_map_lookup(list, &key);
	if (!levels)
		return 0;
	left = *levels;
#pragma clang loop unroll(disable)
	for (u32 level = 0; level <= PD_DEEPEST; level++) {
		if (left >> level & 1) {
			key = PD_ANCESTOR_CGROUP(r, level);
			if (!key)
				return 0;
			found = pd_map_lookup(list, &key);
			if (found)
				return 1;
		}
	}
	return 0;
}
