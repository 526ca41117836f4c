// RUN: quant-opt %s --quantx-stream-memory=nontemporal-threshold=4096 | FileCheck %s --implicit-check-not=nontemporal --implicit-check-not=sfence
//
// Always.
// RUN: quant-opt %s --quantx-stream-memory=nontemporal-threshold=1 | FileCheck %s --check-prefix=ALWAYS
//
// Off by default.
// RUN: quant-opt %s --quantx-stream-memory | FileCheck %s --check-prefix=OFF
// OFF-NOT: nontemporal
// OFF-NOT: sfence

// CHECK-DAG: #[[$TIMES256:.+]] = affine_map<()[s0] -> (s0 * 256)>
// CHECK-DAG: #[[$TIMES4:.+]] = affine_map<()[s0] -> (s0 * 4)>

// The size is looked at once, and only the loop that stores is there twice.
// CHECK-LABEL: func.func @one_loop(
// CHECK-SAME:    %[[M:[^:]+]]: index
// CHECK:         %[[Y:.+]] = memref.alloc(%[[M]])
// CHECK-NEXT:    %[[BYTES:.+]] = affine.apply #[[$TIMES256]]()[%[[M]]]
// CHECK-NEXT:    %[[THRESHOLD:.+]] = arith.constant 4096 : index
// CHECK-NEXT:    %[[LARGE:.+]] = arith.cmpi sge, %[[BYTES]], %[[THRESHOLD]]
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      scf.if %[[LARGE]] {
// CHECK-NEXT:        scf.for
// CHECK-NEXT:          vector.store %{{.+}}, %[[Y]][%{{.+}}, %{{.+}}] {alignment = 64 : i64, nontemporal = true} : memref<?x64xf32>, vector<32xf32>
// CHECK-NEXT:        }
// CHECK-NEXT:      } else {
// CHECK-NEXT:        scf.for
// CHECK-NEXT:          vector.transfer_write {{.*}} memref<?x64xf32>
// CHECK-NEXT:        }
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    scf.if %[[LARGE]] {
// CHECK-NEXT:      llvm.call_intrinsic "llvm.x86.sse.sfence"()
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @one_loop(%m: index, %v: vector<32xf32>) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %c64 step %c32 {
      vector.transfer_write %v, %y[%i, %j] {in_bounds = [true]}
        : vector<32xf32>, memref<?x64xf32>
    }
  }
  return %y : memref<?x64xf32>
}

// The outermost loop itself; the fence is behind both. A single row is aligned
// whatever its size.
// CHECK-LABEL: func.func @flat(
// CHECK:         %[[LARGE:.+]] = arith.cmpi sge
// CHECK-NEXT:    scf.if %[[LARGE]]
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        vector.store {{.*}} {alignment = 32 : i64, nontemporal = true}
// CHECK:         } else {
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        vector.transfer_write
// CHECK:         scf.if
// CHECK-NEXT:      llvm.call_intrinsic "llvm.x86.sse.sfence"()
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @flat(%m: index, %n: index, %v: vector<32xi8>) -> memref<?xi8> {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %y = memref.alloc(%m) {alignment = 64 : i64} : memref<?xi8>
  scf.for %j = %c0 to %n step %c32 {
    vector.transfer_write %v, %y[%j] {in_bounds = [true]} : vector<32xi8>, memref<?xi8>
  }
  return %y : memref<?xi8>
}

// Rows of unknown size have to start at a line, too.
// CHECK-LABEL: func.func @dynamic_rows(
// CHECK-SAME:    %[[M:[^:]+]]: index, %[[N:[^:]+]]: index
// CHECK-DAG:     %[[LARGE:.+]] = arith.cmpi sge
// CHECK-DAG:     %[[ROW:.+]] = affine.apply #[[$TIMES4]]()[%[[N]]]
// CHECK-DAG:     %[[MASK:.+]] = arith.constant 63 : index
// CHECK:         %[[REST:.+]] = arith.andi %[[ROW]], %[[MASK]]
// CHECK:         %[[ALIGNED:.+]] = arith.cmpi eq, %[[REST]], %{{.+}}
// CHECK:         %[[BOTH:.+]] = arith.andi %[[LARGE]], %[[ALIGNED]]
// CHECK:         scf.if %[[BOTH]]
// CHECK:           nontemporal = true
// CHECK:         scf.if %[[BOTH]]
// CHECK-NEXT:      sfence
func.func @dynamic_rows(%m: index, %n: index, %v: vector<16xf32>) -> memref<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %y = memref.alloc(%m, %n) {alignment = 64 : i64} : memref<?x?xf32>
  scf.for %i = %c0 to %m step %c1 {
    %row = memref.subview %y[%i, 0] [1, %n] [1, 1]
      : memref<?x?xf32> to memref<?xf32, strided<[1], offset: ?>>
    scf.for %j = %c0 to %n step %c16 {
      vector.transfer_write %v, %row[%j] {in_bounds = [true]}
        : vector<16xf32>, memref<?xf32, strided<[1], offset: ?>>
    }
  }
  return %y : memref<?x?xf32>
}

// Rows of 400 bytes do not start at lines; stores of 48 bytes do not either,
// and in rows that start at 4 bytes none does.
// CHECK-LABEL: func.func @unaligned(
// ALWAYS-LABEL: func.func @unaligned(
// ALWAYS-NOT:    nontemporal
func.func @unaligned(%m: index, %v: vector<16xf32>, %w: vector<12xf32>)
    -> (memref<?x100xf32>, memref<?x96xf32>, memref<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c12 = arith.constant 12 : index
  %c16 = arith.constant 16 : index
  %c48 = arith.constant 48 : index
  %c96 = arith.constant 96 : index
  %x = memref.alloc(%m) {alignment = 64 : i64} : memref<?x100xf32>
  %y = memref.alloc(%m) {alignment = 64 : i64} : memref<?x96xf32>
  %z = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %c96 step %c16 {
      vector.transfer_write %v, %x[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<?x100xf32>
    }
    scf.for %j = %c0 to %c96 step %c12 {
      vector.transfer_write %w, %y[%i, %j] {in_bounds = [true]}
        : vector<12xf32>, memref<?x96xf32>
    }
    scf.for %j = %c0 to %c48 step %c16 {
      %k = arith.addi %j, %c4 : index
      vector.transfer_write %v, %z[%i, %k] {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
    }
  }
  return %x, %y, %z : memref<?x100xf32>, memref<?x96xf32>, memref<?x64xf32>
}

// Sizes that are known need no second loop.
// CHECK-LABEL: func.func @known_sizes(
// CHECK-NOT:     scf.if
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK-NEXT:        vector.store {{.*}} {alignment = 64 : i64, nontemporal = true}
// CHECK:           scf.for
// CHECK-NEXT:        vector.transfer_write {{.*}} memref<15x64xf32>
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    llvm.call_intrinsic "llvm.x86.sse.sfence"()
// CHECK-NEXT:    return
// ALWAYS-LABEL: func.func @known_sizes(
// ALWAYS-COUNT-2: nontemporal = true
func.func @known_sizes(%v: vector<16xf32>) -> (memref<16x64xf32>, memref<15x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc() {alignment = 64 : i64} : memref<16x64xf32>
  %z = memref.alloc() {alignment = 64 : i64} : memref<15x64xf32>
  scf.for %i = %c0 to %c15 step %c1 {
    scf.for %j = %c0 to %c64 step %c16 {
      vector.transfer_write %v, %y[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<16x64xf32>
    }
    scf.for %j = %c0 to %c64 step %c16 {
      vector.transfer_write %v, %z[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<15x64xf32>
    }
  }
  return %y, %z : memref<16x64xf32>, memref<15x64xf32>
}

// Not what the loops read again, nor what they make for themselves, nor under a
// mask, nor an argument.
// CHECK-LABEL: func.func @used(
// ALWAYS-LABEL: func.func @used(
// ALWAYS-NOT:    nontemporal
func.func @used(%m: index, %v: vector<16xf32>, %k: vector<16xi1>, %w: memref<?x64xf32>)
    -> (memref<?x64xf32>, memref<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
  %z = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
  scf.for %i = %c0 to %m step %c1 {
    %t = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
    scf.for %j = %c0 to %c64 step %c16 {
      vector.transfer_write %v, %y[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
      vector.transfer_write %v, %t[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
      vector.transfer_write %v, %w[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
      vector.transfer_write %v, %z[%i, %j], %k {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
    }
    %s = memref.load %y[%i, %c0] : memref<?x64xf32>
    memref.store %s, %t[%c0, %c0] : memref<?x64xf32>
    memref.dealloc %t : memref<?x64xf32>
  }
  return %y, %z : memref<?x64xf32>, memref<?x64xf32>
}

// Each thread fences what it stored, before it joins the others.
// CHECK-LABEL: func.func @threads(
// ALWAYS-LABEL: func.func @threads(
// CHECK:         omp.parallel
// CHECK:           omp.loop_nest
// CHECK:             scf.if %[[LARGE:.+]] {
// CHECK:               nontemporal = true
// CHECK:             omp.yield
// CHECK:           scf.if %[[LARGE]] {
// CHECK-NEXT:        llvm.call_intrinsic "llvm.x86.sse.sfence"()
// CHECK-NEXT:      }
// CHECK-NEXT:      omp.terminator
func.func @threads(%m: index, %v: vector<16xf32>) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc(%m) {alignment = 64 : i64} : memref<?x64xf32>
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%m) step (%c1) {
        scf.for %j = %c0 to %c64 step %c16 {
          vector.transfer_write %v, %y[%i, %j] {in_bounds = [true]}
            : vector<16xf32>, memref<?x64xf32>
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return %y : memref<?x64xf32>
}

// Also where a loop around starts the threads.
// CHECK-LABEL: func.func @loop_of_threads(
// CHECK:         scf.for
// CHECK:           omp.parallel
// CHECK:             vector.store {{.*}} nontemporal = true
// CHECK:             llvm.call_intrinsic "llvm.x86.sse.sfence"()
// CHECK-NEXT:        omp.terminator
func.func @loop_of_threads(%m: index, %v: vector<16xf32>) -> memref<64x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %y = memref.alloc() {alignment = 64 : i64} : memref<64x64xf32>
  scf.for %i = %c0 to %m step %c1 {
    omp.parallel {
      omp.wsloop {
        omp.loop_nest (%j) : index = (%c0) to (%c64) step (%c1) {
          scf.for %k = %c0 to %c64 step %c16 {
            vector.transfer_write %v, %y[%j, %k] {in_bounds = [true]}
              : vector<16xf32>, memref<64x64xf32>
          }
          omp.yield
        }
      }
      omp.terminator
    }
  }
  return %y : memref<64x64xf32>
}
