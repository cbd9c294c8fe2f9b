#!/bin/sh
# Builds a dynamic program with its loader and library: small ones that show what modules are, without a C library.
set -e
cd "$(dirname "$0")"
cc="${CROSS_COMPILE:-riscv64-linux-gnu-}gcc -march=rv64gc -mabi=lp64d -nostdlib -Wl,--build-id=none,--hash-style=sysv"
$cc -static-pie -Wl,--no-dynamic-linker -o loader.elf loader.S
$cc -shared -fPIC -Wl,-e,work -Wl,-z,noseparate-code -o library.elf library.S
$cc -pie -Wl,--dynamic-linker=/lib/loader.elf -o program.elf program.S
${CROSS_COMPILE:-riscv64-linux-gnu-}strip --strip-debug *.elf
