/** Numbers of Linux's socket ABI (asm-generic). */

/** Address families. */
export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const

/** Address families that Linux has numbers for are below this. */
export const AF_MAX = 46

/** Types of socket. */
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, RDM: 4, SEQPACKET: 5, DCCP: 6, PACKET: 10 } as const

export const IPPROTO = { IP: 0, ICMP: 1, TCP: 6, UDP: 17, IPV6: 41 } as const

/** Flags of messages. */
export const MSG = {
  OOB: 1,
  PEEK: 2,
  DONTROUTE: 4,
  CTRUNC: 8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  CONFIRM: 0x800,
  ERRQUEUE: 0x2000,
  NOSIGNAL: 0x4000,
  MORE: 0x8000,
  WAITFORONE: 0x10000,
  FASTOPEN: 0x2000_0000,
  CMSG_CLOEXEC: 0x4000_0000
} as const

/** How of shutdown. */
export const SHUT = { RD: 0, WR: 1, RDWR: 2 } as const

export const SOL_SOCKET = 1

/** Control messages of SOL_SOCKET. */
export const SCM = { RIGHTS: 1, CREDENTIALS: 2 } as const

/** Most descriptors in one message. */
export const SCM_MAX_FD = 253

/** Longest queue of connections that nobody has accepted (net.core.somaxconn). */
export const SOMAXCONN = 4096

/** Bytes of memory that sockets may ask for (net.core.rmem_max, wmem_max). */
export const maxBuffer = 212992
