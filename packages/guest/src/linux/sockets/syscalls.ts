/** Rows of the system calls on sockets. */
import type { Kernel } from "../kernel/Kernel.ts"
import { row } from "../kernel/row.ts"
import type { Syscall } from "../kernel/Syscall.ts"
import { accept, bind, connect, getpeername, getsockname, listen, shutdown } from "./connections.ts"
import { socket, socketpair } from "./create.ts"
import { recvfrom, recvmmsg, recvmsg } from "./message/receive.ts"
import { sendmmsg, sendmsg, sendto } from "./message/send.ts"
import { getsockopt, setsockopt } from "./options/optionCalls.ts"

const families = "AF_UNIX, TCP and UDP over IPv4 and IPv6, NETLINK_ROUTE; no raw sockets"
const urgent = "no urgent data (MSG_OOB)"

export const socketSyscalls: ReadonlyArray<Syscall<Kernel>> = [
  row(198, "socket", ["int", "int", "int"], socket, families),
  row(199, "socketpair", ["int", "int", "int", "pointer"], socketpair),
  row(200, "bind", ["fd", "pointer", "int"], bind),
  row(201, "listen", ["fd", "int"], listen),
  row(202, "accept", ["fd", "pointer", "pointer"], (kernel, fd, at, lengthAt) => accept(kernel, fd, at, lengthAt, 0)),
  row(203, "connect", ["fd", "pointer", "int"], connect),
  row(204, "getsockname", ["fd", "pointer", "pointer"], getsockname),
  row(205, "getpeername", ["fd", "pointer", "pointer"], getpeername),
  row(206, "sendto", ["fd", "pointer", "size", "flags", "pointer", "int"], sendto, urgent),
  row(207, "recvfrom", ["fd", "pointer", "size", "flags", "pointer", "pointer"], recvfrom, urgent),
  row(208, "setsockopt", ["fd", "int", "int", "pointer", "uint"], setsockopt, "ENOPROTOOPT for multicast and filters"),
  row(209, "getsockopt", ["fd", "int", "int", "pointer", "pointer"], getsockopt, "ENOPROTOOPT for multicast and filters"),
  row(210, "shutdown", ["fd", "int"], shutdown),
  row(211, "sendmsg", ["fd", "pointer", "flags"], sendmsg, `${urgent}; control messages of AF_UNIX only`),
  row(212, "recvmsg", ["fd", "pointer", "flags"], recvmsg, `${urgent}; control messages of AF_UNIX only`),
  row(242, "accept4", ["fd", "pointer", "pointer", "flags"], accept),
  row(243, "recvmmsg", ["fd", "pointer", "uint", "flags", "pointer"], recvmmsg),
  row(269, "sendmmsg", ["fd", "pointer", "uint", "flags"], sendmmsg)
]
