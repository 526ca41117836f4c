// RUN: quant-opt %s -quantx-set-cpu-target=target=x86-64-v4 | FileCheck %s --check-prefix=V4
// RUN: quant-opt %s -quantx-set-cpu-target=target=x86-64-v3 | FileCheck %s --check-prefix=V3
// RUN: quant-opt %s -quantx-set-cpu-target=target=aarch64 | FileCheck %s --check-prefix=AARCH64
// RUN: quant-opt %s -quantx-set-cpu-target=target=generic | FileCheck %s --check-prefix=GENERIC
// RUN: quant-opt %s -quantx-set-cpu-target | FileCheck %s --check-prefix=NATIVE
// RUN: not %quant_opt %s -quantx-set-cpu-target=target=z80 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// The triple is the module's; every function has the CPU and the vector width.
// V4: module attributes {llvm.target_triple = "x86_64-{{.*}}"}
// V4: llvm.func @f() attributes {{{.*}}prefer_vector_width = "512", target_cpu = "x86-64-v4"
// V4: llvm.func @g() attributes {{{.*}}prefer_vector_width = "512", target_cpu = "x86-64-v4"

// V3: module attributes {llvm.target_triple = "x86_64-{{.*}}"}
// V3-NOT: prefer_vector_width
// V3: target_cpu = "x86-64-v3"
// V3-NOT: prefer_vector_width

// AARCH64: module attributes {llvm.target_triple = "aarch64-{{.*}}"}
// AARCH64: target_cpu = "generic"

// GENERIC: llvm.target_triple = "
// GENERIC: target_cpu = "{{x86-64|generic}}"

// NATIVE: llvm.target_triple = "
// NATIVE: target_cpu = "{{.+}}"{{.*}}target_features = #llvm.target_features<[

// UNKNOWN: error: unknown target 'z80': expected one of native, x86-64-v4+amx, x86-64-v4+avx512vbmi, x86-64-v4, x86-64-v3, generic, aarch64

llvm.func @f() {
  llvm.return
}
llvm.func @g()
