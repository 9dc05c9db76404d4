struct pd_exec {
	struct pd_process row;
	char path[512]; /* built from its end: 255 bytes and room for a last name */
};
