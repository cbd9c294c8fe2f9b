/*
 * The vdso that every guest process finds at AT_SYSINFO_EHDR: functions that the C library calls instead of making a
 * system call. On Linux they read a page shared with the kernel; here each one makes the system call, which costs the
 * guest one instruction and keeps the clock in one place.
 *
 * __vdso_rt_sigreturn is where signal handlers return to. Its two words are what unwinders look for to recognise a signal
 * frame, so they must not be compressed; the linker script puts it at 0x6cc.
 */
	.option norvc
	.option norelax

	.macro vdso_call name, number
	.globl	\name
	.type	\name, @function
\name:
	li	a7, \number
	ecall
	ret
	.size	\name, . - \name
	.endm

	.section .text.sigreturn, "ax", @progbits
	.globl	__vdso_rt_sigreturn
	.type	__vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
	li	a7, 139
	ecall
	.size	__vdso_rt_sigreturn, . - __vdso_rt_sigreturn

	.text
	vdso_call __vdso_gettimeofday, 169
	vdso_call __vdso_clock_gettime, 113
	vdso_call __vdso_clock_getres, 114
	vdso_call __vdso_getcpu, 168
	vdso_call __vdso_flush_icache, 259
