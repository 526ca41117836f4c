// What quant-compile says of a command line that it cannot follow: one line,
// exit code 1, no file (Inputs/expect_error.py checks these).
//
// RUN: rm -rf %t && mkdir -p %t/folder.o && cd %t
// DEFINE: %{arguments} =
// DEFINE: %{fails} = %python %S/Inputs/expect_error.py %t quant-compile %s \
// DEFINE:   %{arguments}
//
// RUN: %{fails} | FileCheck %s --check-prefix=NO-OUTPUT
// NO-OUTPUT: quant-compile: error: expected -o kernel.{ll,s,o,so,ptx,cubin}
//
// REDEFINE: %{arguments} = -o k.ptx --target=generic
// RUN: %{fails} | FileCheck %s --check-prefix=PTX
// PTX: error: k.ptx: expected --target=nvvm, found --target=generic
//
// REDEFINE: %{arguments} = -o k.o --target=nvvm
// RUN: %{fails} | FileCheck %s --check-prefix=NVVM
// NVVM: error: k.o: expected the suffix .ptx or .cubin for the target nvvm, found '.o'
//
// REDEFINE: %{arguments} = -o k.ptx --chip=sm_70
// RUN: %{fails} | FileCheck %s --check-prefix=CHIP
// CHIP: error: unknown chip 'sm_70': expected one of sm_80, sm_90, sm_90a, sm_100a, sm_120a
//
// REDEFINE: %{arguments} = -o k.o --chip=sm_90
// RUN: %{fails} | FileCheck %s --check-prefix=CPU-CHIP
// CPU-CHIP: error: --chip: expected -o kernel.ptx or kernel.cubin, found 'k.o'
//
// REDEFINE: %{arguments} = -o k.bc
// RUN: %{fails} | FileCheck %s --check-prefix=SUFFIX
// SUFFIX: error: k.bc: expected the suffix .ll, .s, .o, .so, .ptx or .cubin, found '.bc'
//
// REDEFINE: %{arguments} = -o kernel
// RUN: %{fails} | FileCheck %s --check-prefix=NO-SUFFIX
// NO-SUFFIX: error: kernel: expected the suffix .ll, .s, .o, .so, .ptx or .cubin, found none
//
// REDEFINE: %{arguments} = -o k.o --target=sm_90
// RUN: %{fails} | FileCheck %s --check-prefix=TARGET
// TARGET: error: unknown target 'sm_90': expected one of native, x86-64-v4+amx, x86-64-v4+avx512vbmi, x86-64-v4, x86-64-v3, generic, aarch64
//
// REDEFINE: %{arguments} = -o k.o --header=./k.o
// RUN: %{fails} | FileCheck %s --check-prefix=ONE-FILE
// ONE-FILE: error: ./k.o: expected another file than 'k.o', which it would replace
//
// REDEFINE: %{arguments} = -o k.o --threads=many
// RUN: %{fails} | FileCheck %s --check-prefix=THREADS
// THREADS: error: --threads: expected an integer from 1 to 1024, found 'many'
//
// REDEFINE: %{arguments} = -o no/k.o
// RUN: %{fails} | FileCheck %s --check-prefix=NO-FOLDER
// NO-FOLDER: error: no/k.o: cannot write it: No such file or directory
//
// REDEFINE: %{arguments} = -o folder.o
// RUN: %{fails} | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: folder.o: cannot write it: it is a directory
//
// Neither of the two files is there when one of them cannot be.
// REDEFINE: %{arguments} = -o k.o --header=no/k.h
// RUN: %{fails} | FileCheck %s --check-prefix=HEADER
// HEADER: error: no/k.h: cannot write it: No such file or directory
//
// REDEFINE: %{arguments} = -o k.o --header=k.h
// RUN: %{fails} | FileCheck %s --check-prefix=NAME
// NAME: error: the function 'a.b' has no name in C: expected letters, digits and underscores
//
// A shared object needs what it calls, and a linker for its machine.
// REDEFINE: %{arguments} = -o k.so
// RUN: %{fails} | FileCheck %s --check-prefix=LINK
// LINK: error: linking with {{.*}}cc failed: {{.*}}undefined reference to `{{.*}}elsewhere'
//
// RUN: %if host-x86_64 %{ %python %S/Inputs/expect_error.py %t \
// RUN:   quant-compile %s -o k.so --target=aarch64 \
// RUN:   | FileCheck %s --check-prefix=CROSS %}
// CROSS: error: cannot link for aarch64: this machine is x86_64; write an object file, .o, and link it with a cross compiler
//
// RUN: env PATH=%t %python %S/Inputs/expect_error.py %t \
// RUN:   %build_root/bin/quant-compile %s -o k.so \
// RUN:   | FileCheck %s --check-prefix=NO-CC
// NO-CC: error: cannot link a shared object: no C compiler 'cc' in PATH

func.func @"a.b"(%x: f32) -> f32 {
  %y = call @elsewhere(%x) : (f32) -> f32
  return %y : f32
}

func.func private @elsewhere(f32) -> f32
