/* Lists and parameters in maps.  A list is replaced whole, by another inner map in its row; an empty one has none. */
#define PD_EMPTY 2

PD_INLINE int pd_in_list(void *map, u32 row, const void *key)
{
	void *list = pd_row(map, row);
	u64 *found;

	if (!list)
		return PD_EMPTY;
	found = pd_map_lookup(list, key);
	return found && *found;
}

PD_INLINE int pd_in_numbers(void *map, u32 row, u64 number)
{
	return pd_in_list(map, row, &number);
}

/* Copies a string into a key of `size` bytes; what is longer cannot be in the list. */
PD_INLINE int pd_in_strings(void *map, u32 row, char *key, u32 size, const char *data, u32 length)
{
	if (length >= size)
		return 0;
	__builtin_memset(key, 0, size);
	PD_OPAQUE(length);
	if (length < size)
		pd_read_kernel(key, length, data);
	return pd_in_list(map, row, key);
}

struct pd_prefix_key {
	u32 bits;
	char data[256];
	u32 spare;
};

struct pd_cidr_key {
	u32 bits;
	u32 address[4];
};

PD_INLINE int pd_in_cidrs(void *map, u32 row, const struct pd_address *address)
{
	struct pd_cidr_key key = {.bits = 128};

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return pd_in_list(map, row, &key);
}

PD_INLINE int pd_in_prefixes(void *map, u32 row, struct pd_prefix_key *key, const char *data, u32 length)
{
	if (length > 255)
		length = 255;
	PD_OPAQUE(length);
	if (length > 255)
		return 0;
	pd_read_kernel(key->data, length, data);
	key->bits = length * 8;
	return pd_in_list(map, row, key);
}

/* As prefixes of the path with a slash behind it, so that /etc holds /etc and /etc/passwd, and not /etcetera. */
PD_INLINE int pd_in_folders(void *map, u32 row, struct pd_prefix_key *key, const char *data, u32 length)
{
	if (length > 255)
		length = 255;
	PD_OPAQUE(length);
	if (length > 255)
		return 0;
	pd_read_kernel(key->data, length, data);
	key->data[length] = '/';
	key->bits = (length + 1) * 8;
	return pd_in_list(map, row, key);
}

/* The last 255 bytes backwards, as prefixes of the reversed text; `longest` is the length of the longest string. */
PD_INLINE int pd_in_suffixes(void *map, u32 row, struct pd_prefix_key *key, const char *data, u32 length, u32 longest)
{
	u32 kept = length > 255 ? 255 : length;
	u64 start = (u64) length - kept;

	PD_OPAQUE(start);
	if (start > longest)
		return 0;
	for (u32 i = 0; i < 255; i++) {
		if (i >= kept)
			break;
		key->data[i] = data[start + ((kept - 1 - i) & 255)];
	}
	key->bits = kept * 8;
	return pd_in_list(map, row, key);
}
