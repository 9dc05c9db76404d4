/* Paths by dentries and mounts, as d_path makes them (fs/d_path.c), with probe reads only: any program can.  No lock is held: a
 * path that is renamed meanwhile may come out half old and half new. */
#define PD_MOUNTS 16 /* on the way up */

#define PD_AT_ROOT 1 /* everything up to the root was seen */
#define PD_AT_END 2 /* the root of what is mounted nowhere: a pipe, a socket, a file without a directory */
#define PD_TOO_DEEP 3
#define PD_LOST 4 /* something on the way cannot be read */

/* One step up.  0: there is another. */
PD_INLINE u32 pd_climb_step(struct pd_climb *climb, u64 most)
{
	u64 dentry = climb->dentry;
	u64 mount = climb->mount;
	u64 next, count;

	if (dentry == climb->stop_dentry && mount == climb->stop_mount)
		return PD_AT_ROOT;
	if (dentry == climb->root) {
		next = PD_FOLLOW(struct mount, mount, mnt_parent);
		if (next == mount)
			return PD_AT_ROOT;
		if (!next)
			return PD_LOST;
		climb->dentry = PD_FOLLOW(struct mount, mount, mnt_mountpoint);
		climb->mount = next;
		climb->root = PD_FOLLOW(struct mount, next, mnt.mnt_root);
		return 0;
	}
	next = PD_FOLLOW(struct dentry, dentry, d_parent);
	if (!next)
		return PD_LOST;
	if (next == dentry)
		return PD_AT_END;
	count = climb->count;
	PD_OPAQUE(count);
	if (count >= most)
		return PD_TOO_DEEP;
	climb->names[count] = dentry;
	climb->count = count + 1;
	climb->dentry = next;
	return 0;
}

/* Collects up to `most` names from `dentry` up: with a `vfsmount` across mounts, until the place `stop` (a struct path) or the
 * root of all; without, until the root of the file system. */
PD_INLINE u32 pd_climb(struct pd_climb *climb, u64 dentry, u64 vfsmount, u64 stop, u64 most)
{
	u64 back = (u64) PD_AT(struct mount, 0, mnt);
	u32 end = 0;

	climb->count = 0;
	climb->dentry = dentry;
	climb->mount = vfsmount - back;
	climb->root = vfsmount ? PD_FOLLOW(struct vfsmount, vfsmount, mnt_root) : 0;
	climb->stop_dentry = stop ? PD_FOLLOW(struct path, stop, dentry) : 0;
	climb->stop_mount = stop ? PD_FOLLOW(struct path, stop, mnt) - back : 0;
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < most + PD_MOUNTS; i++) {
		PD_OPAQUE(i);
		end = pd_climb_step(climb, most);
		if (end)
			return end;
	}
	return PD_TOO_DEEP;
}

/* Appends `dentry`'s name, as much of it as fits.  Not 0: it cannot be read, or is not as long as it says, for it is changing. */
PD_INLINE int pd_put_name(struct pd_climb *climb, u64 dentry, char *data, u32 size, u32 *cut)
{
	u64 name = PD_FOLLOW(struct dentry, dentry, d_name.name);
	u64 at = climb->at;
	u64 length = 0;

	pd_read_kernel(&length, sizeof(u32), PD_AT(struct dentry, dentry, d_name.len));
	PD_OPAQUE(at);
	if (at > size - 1)
		return -1;
	if (length > size - 1 - at) {
		length = size - 1 - at;
		*cut = 1;
	}
	PD_OPAQUE(length);
	if (length > 255)
		return -1;
	climb->at = at + length;
	return pd_read_kernel_str(data + at, length + 1, (void *) name) != (long) length + 1;
}

PD_INLINE void pd_put_byte(struct pd_climb *climb, char *data, u32 size, char byte)
{
	u64 at = climb->at;

	PD_OPAQUE(at);
	if (at >= size - 1)
		return;
	data[at] = byte;
	climb->at = at + 1;
}

PD_INLINE void pd_put_text(struct pd_climb *climb, char *data, u32 size, u64 text, u32 length)
{
	for (u32 i = 0; i < length; i++)
		pd_put_byte(climb, data, size, text >> 8 * i);
}

PD_INLINE void pd_put_number(struct pd_climb *climb, char *data, u32 size, u64 number)
{
	u64 unit = 1;

#pragma clang loop unroll(disable)
	for (u64 i = 0; i < 19; i++) {
		PD_OPAQUE(i);
		if (number / unit < 10)
			break;
		unit *= 10;
	}
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < 20; i++) {
		PD_OPAQUE(i);
		if (!unit)
			break;
		pd_put_byte(climb, data, size, '0' + number / unit % 10);
		unit /= 10;
	}
}

#define PD_PIPEFS 0x50495045 /* include/uapi/linux/magic.h */
#define PD_SOCKFS 0x534f434b
#define PD_ANON_INODE_FS 0x09041934

PD_INLINE int pd_is_slash(u64 text)
{
	char first = 0;

	return !pd_read_kernel(&first, 1, (void *) text) && first == '/';
}

/* What has no place in any tree, as the kernel spells it: pipe:[INODE], socket:[INODE], anon_inode:[KIND], /memfd:NAME.
 * The root of a file system is called a slash. */
PD_INLINE int pd_put_nameless(struct pd_climb *climb, u64 dentry, char *data, u32 size, u32 *cut)
{
	u64 name = PD_FOLLOW(struct dentry, dentry, d_name.name);
	u64 super = PD_FOLLOW(struct dentry, dentry, d_sb);
	u64 magic = PD_FOLLOW(struct super_block, super, s_magic);
	u64 inode = PD_FOLLOW(struct dentry, dentry, d_inode);

	if (magic == PD_ANON_INODE_FS) {
		pd_put_text(climb, data, size, 0x6f6e695f6e6f6e61ULL, 8); /* anon_ino */
		pd_put_text(climb, data, size, 0x3a6564ULL, 3); /* de: */
		return pd_put_name(climb, dentry, data, size, cut);
	}
	if (magic != PD_PIPEFS && magic != PD_SOCKFS) {
		pd_put_byte(climb, data, size, '/');
		return pd_is_slash(name) ? 0 : pd_put_name(climb, dentry, data, size, cut);
	}
	if (magic == PD_PIPEFS)
		pd_put_text(climb, data, size, 0x5b3a65706970ULL, 6); /* pipe:[ */
	else
		pd_put_text(climb, data, size, 0x5b3a74656b636f73ULL, 8); /* socket:[ */
	pd_put_number(climb, data, size, PD_FOLLOW(struct inode, inode, i_ino));
	pd_put_byte(climb, data, size, ']');
	return 0;
}

/* Writes down what was collected.  Of a path that is too deep the last names are kept, and no slash before them: it must not pass
 * for a whole one.  Of one that is too long the first bytes are. */
PD_INLINE u8 pd_put_path(struct pd_climb *climb, u32 end, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 left = climb->count;
	u64 at;

	if (end == PD_LOST)
		return PD_UNREAD;
	climb->at = 0;
	*cut = end == PD_TOO_DEEP;
	if (end == PD_AT_END && !left) {
		if (pd_put_nameless(climb, climb->dentry, data, size, cut))
			return PD_UNREAD;
	} else if (!left) {
		pd_put_byte(climb, data, size, '/');
	}
#pragma clang loop unroll(disable)
	for (u64 i = 0; i < PD_DEEP; i++) {
		PD_OPAQUE(i);
		left = climb->count - 1; /* below 0: a large number; that left is not 0 tells verifiers before 6.8 nothing */
		PD_OPAQUE(left);
		if (left >= PD_DEEP)
			break;
		climb->count = left;
		if (i || end != PD_TOO_DEEP)
			pd_put_byte(climb, data, size, '/');
		if (pd_put_name(climb, climb->names[left], data, size, cut))
			return PD_UNREAD;
	}
	at = climb->at;
	PD_OPAQUE(at);
	if (at > size - 1)
		return PD_UNREAD;
	data[at] = 0;
	*length = at;
	return PD_OK;
}

PD_INLINE u8 pd_path(struct run *r, u64 path, u64 stop, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 dentry = PD_FOLLOW(struct path, path, dentry);
	u64 vfsmount = PD_FOLLOW(struct path, path, mnt);
	u32 end;

	if (!dentry || !vfsmount)
		return PD_ABSENT;
	end = pd_climb(&r->s->climb, dentry, vfsmount, stop, PD_DEEP);
	return pd_put_path(&r->s->climb, end, data, size, length, cut);
}

PD_INLINE u8 path_host_path(struct run *r, u64 path, char *data, u32 size, u32 *length, u32 *cut)
{
	return pd_path(r, path, 0, data, size, length, cut);
}

PD_INLINE u8 path_path(struct run *r, u64 path, char *data, u32 size, u32 *length, u32 *cut)
{
	u64 task = pd_task();
	u64 fs = PD_FOLLOW(struct task_struct, task, fs); /* none in a task that is ending: then there is no other root */

	return pd_path(r, path, fs ? (u64) PD_AT(struct fs_struct, fs, root) : 0, data, size, length, cut);
}

PD_INLINE u8 dentry_fs_path(struct run *r, u64 dentry, char *data, u32 size, u32 *length, u32 *cut)
{
	u32 end = pd_climb(&r->s->climb, dentry, 0, 0, PD_DEEP);

	return pd_put_path(&r->s->climb, end, data, size, length, cut);
}
