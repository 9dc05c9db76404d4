/* Whether a file's name was removed: its dentry is in no hash (d_unlinked, include/linux/dcache.h). */
PD_INLINE u8 dentry_deleted(struct run *r, u64 dentry, u64 *out)
{
	u64 hashed = 0;
	u64 parent = 0;

	if (pd_read_kernel(&hashed, sizeof(hashed), PD_AT(struct dentry, dentry, d_hash.pprev)) ||
	    pd_read_kernel(&parent, sizeof(parent), PD_AT(struct dentry, dentry, d_parent)))
		return PD_UNREAD;
	*out = !hashed && parent != dentry;
	return PD_OK;
}
