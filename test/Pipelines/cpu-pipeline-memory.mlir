// Each target has prefetches and, on x86, non-temporal stores by its strategy;
// both can be turned off, and on for results of any size.
//
// RUN: quant-opt %s --quantx-cpu-pipeline=target=x86-64-v3 | FileCheck %s
// RUN: quant-opt %s --quantx-cpu-pipeline='target=x86-64-v3 prefetch-distance=0 nontemporal-threshold=0' | FileCheck %s --check-prefix=OFF
// RUN: quant-opt %s --quantx-cpu-pipeline='target=x86-64-v3 nontemporal-threshold=4097' | FileCheck %s --check-prefix=THRESHOLD
// RUN: quant-opt %s --quantx-cpu-pipeline='target=aarch64 nontemporal-threshold=1' | FileCheck %s --check-prefix=ARM
//
// Each thread fences its stores before the join.
// RUN: quant-opt %s --quantx-cpu-pipeline='target=x86-64-v3 threads=2' | FileCheck %s --check-prefix=THREADS
//
// No address beyond the end is promised to be in the buffer.
// RUN: quant-opt %s --quantx-cpu-pipeline=target=x86-64-v3 | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=LLVM
//
// A store is one instruction, or several of whole registers.
// RUN: quant-compile %s --target=x86-64-v3 -o %t.s && FileCheck %s --input-file=%t.s --check-prefix=V3
// RUN: quant-compile %s --target=generic -o %t.s && FileCheck %s --input-file=%t.s --check-prefix=GENERIC

!mx = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// CHECK-DAG: %[[MIB:.+]] = llvm.mlir.constant(4194304 : index)
// CHECK:     %[[LARGE:.+]] = llvm.icmp "sge" %{{.+}}, %[[MIB]]
// CHECK:     llvm.intr.prefetch
// CHECK:     llvm.store {{.*}} {alignment = 64 : i64, nontemporal}
// CHECK:     llvm.cond_br %[[LARGE]]
// CHECK:     llvm.call_intrinsic "llvm.x86.sse.sfence"
// OFF-NOT:   prefetch
// OFF-NOT:   nontemporal
// OFF-NOT:   sfence
// THRESHOLD: llvm.mlir.constant(4097 : index)
// ARM-NOT:   nontemporal
// ARM:       llvm.intr.prefetch
// ARM-NOT:   nontemporal
// ARM-NOT:   sfence
// THREADS:   omp.parallel
// THREADS:   llvm.store {{.*}} {alignment = 64 : i64, nontemporal}
// THREADS:   omp.yield
// THREADS:   llvm.call_intrinsic "llvm.x86.sse.sfence"
// THREADS:   omp.terminator
// LLVM:      load <32 x i8>
// LLVM:      %[[AHEAD:.+]] = getelementptr i8, ptr %{{.+}}, i64
// LLVM-NEXT: call void @llvm.prefetch{{.*}}(ptr %[[AHEAD]], i32 0, i32 2, i32 1)
// V3:        prefetcht1
// V3-COUNT-8: vmovntps %ymm
// V3:        sfence
// GENERIC:   prefetcht1
// GENERIC-COUNT-16: movntps %xmm
// GENERIC:   sfence
func.func @dequantize(%x: tensor<?x4096x!mx>) -> tensor<?x4096xf32> {
  %y = quantx.dequantize %x : tensor<?x4096x!mx> to tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
