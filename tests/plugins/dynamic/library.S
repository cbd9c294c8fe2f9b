/* A library that the program maps by itself; its entry point is a function. */
        .globl  work
work:   li      a0, 0
        li      t0, 5
1:      add     a0, a0, t0
        addi    t0, t0, -1
        bnez    t0, 1b
        ret
