#!/bin/sh
# Rebuilds the objects beside this file; needs clang-14, clang-19 and libbpf's headers (libbpf-dev). Tests do not run it.
set -e
cd "$(dirname "$0")"
flags="-target bpf -O2 -Wall -Wno-unused-function -fdebug-prefix-map=$PWD=. -I/usr/include/$(uname -m)-linux-gnu"
for v in 14 19; do
  for name in full core kfunc; do clang-$v $flags -g -c $name.c -o $name-clang$v.o; done
done
clang-19 $flags -g -c shared.c -o shared.o
clang-14 $flags -g -c table.c -o table.o
for name in functions leaving; do clang-19 $flags -g -mcpu=v3 -c $name.c -o $name.o; done
clang-14 $flags -g -c weak.c -o weak.o
clang-14 $flags -c weak.c -o weak-plain.o
clang-14 $flags -c legacy.c -o legacy.o
clang-14 $flags -g -DSAMPLES -c legacy.c -o legacy-samples.o
clang-14 $flags -DIPROUTE2 -c legacy.c -o legacy-iproute2.o
clang-19 $flags -fcommon -g -c forms.c -o forms.o
clang-19 $flags -g -c text.c -o text.o
clang-19 $flags -g -c values.c -o values.o
clang-19 $flags -g -c numbered.c -o numbered.o
clang-19 $flags -g -c rodata.c -o rodata.o
mkdir -p big
for order in eb el; do
  clang-19 $flags -target bpf$order -fcommon -g -c forms.c -o big/forms-$order.o
  clang-19 $flags -target bpf$order -DSAMPLES -g -c legacy.c -o big/legacy-$order.o
  clang-19 $flags -target bpf$order -fcommon -g -c table.c -o big/table-$order.o
done
clang-19 $flags -g -c absent.c -o absent.o
