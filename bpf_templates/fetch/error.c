	u64 result = /*{ value.base }*/;

	if (result < (u64) -4095) /* MAX_ERRNO of include/linux/err.h */
		return PD_ABSENT;
	/*{ value.to }*/ = -result;
	return PD_OK;
