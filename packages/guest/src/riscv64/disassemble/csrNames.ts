/** Names of control and status registers, as QEMU's disassembler knows them; others are printed as numbers. */

/** Runs of registers: number of the first, then their names. */
const runs: ReadonlyArray<readonly [first: number, names: string]> = [
  [0x000, "ustatus fflags frm fcsr uie utvec"],
  [0x008, "vstart vxsat vxrm"],
  [0x00f, "vcsr"],
  [0x015, "seed"],
  [0x040, "uscratch uepc ucause utval uip"],
  [0x100, "sstatus"],
  [0x104, "sie stvec scounteren"],
  [0x140, "sscratch sepc scause stval sip"],
  [0x180, "satp"],
  [0x200, "hstatus"],
  [0x202, "hedeleg hideleg hie htvec"],
  [0x240, "hscratch hepc hcause hbadaddr hip"],
  [0x300, "mstatus misa medeleg mideleg mie mtvec mcounteren"],
  [0x320, "mucounteren mscounteren mhcounteren"],
  [0x340, "mscratch mepc mcause mtval mip"],
  [0x380, "mbase mbound mibase mibound mdbase mdbound"],
  [0x780, "mtohost mfromhost mreset mipi miobase"],
  [0x7a0, "tselect tdata1 tdata2 tdata3"],
  [0x7b0, "dcsr dpc dscratch"],
  [0xb00, "mcycle mtime minstret"],
  [0xb80, "mcycleh mtimeh minstreth"],
  [0xc00, "cycle time instret"],
  [0xc20, "vl vtype vlenb"],
  [0xc80, "cycleh timeh instreth"],
  [0xd00, "scycle stime sinstret"],
  [0xd80, "scycleh stimeh sinstreth"],
  [0xe00, "hcycle htime hinstret"],
  [0xe80, "hcycleh htimeh hinstreth"],
  [0xf11, "mvendorid marchid mimpid mhartid"]
]

/** Numbered registers: number and index of the first, index of the last, name with `*` for the index. */
const numbered: ReadonlyArray<readonly [csr: number, first: number, last: number, name: string]> = [
  [0x323, 3, 31, "mhpmevent*"],
  [0x3a0, 0, 15, "pmpcfg*"],
  [0x3b0, 0, 63, "pmpaddr*"],
  [0xb03, 3, 31, "mhpmcounter*"],
  [0xb83, 3, 31, "mhpmcounter*h"]
]

/** Name of a CSR by its number. */
export const csrNames: ReadonlyMap<number, string> = new Map([
  ...runs.flatMap(([first, names]) => names.split(" ").map((name, index) => [first + index, name] as const)),
  ...numbered.flatMap(([csr, first, last, name]) =>
    Array.from({ length: last - first + 1 }, (_, index) => [csr + index, name.replace("*", String(first + index))] as const)
  )
])
