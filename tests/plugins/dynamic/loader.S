/* A dynamic loader that loads nothing: goes on at the program's entry point, AT_ENTRY of the auxiliary vector. */
        .globl  _start
_start: ld      t0, 0(sp)               /* argc */
        slli    t0, t0, 3
        add     t1, sp, t0
        addi    t1, t1, 16              /* the environment: behind argv and its 0 */
1:      ld      t0, 0(t1)
        addi    t1, t1, 8
        bnez    t0, 1b
        li      t2, 9                   /* AT_ENTRY */
2:      ld      t0, 0(t1)
        ld      t3, 8(t1)
        addi    t1, t1, 16
        bne     t0, t2, 2b
        jr      t3
