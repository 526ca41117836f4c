// RUN: quant-opt %s --quantx-stack-buffers=max-bytes=1024 --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @row(
// CHECK-NEXT:    %[[ROW:.+]] = memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK:         scf.for
// CHECK-NEXT:      memref.store %{{.+}}, %[[ROW]]
// CHECK-NEXT:    }
func.func @row(%x: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %row = memref.alloc() {alignment = 64 : i64} : memref<16xf32>
    memref.store %x, %row[%c0] : memref<16xf32>
    memref.dealloc %row : memref<16xf32>
  }
  return
}

// -----

// Each thread has its own.
// CHECK-LABEL: func.func @threads(
// CHECK:         omp.parallel {
// CHECK-NEXT:      %[[ROW:.+]] = memref.alloca() : memref<16xf32>
// CHECK:           omp.loop_nest
// CHECK:             memref.store %{{.+}}, %[[ROW]]
func.func @threads(%x: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%c0) to (%n) step (%c1) {
        memref.alloca_scope {
          %row = memref.alloc() : memref<16xf32>
          memref.store %x, %row[%c0] : memref<16xf32>
          memref.dealloc %row : memref<16xf32>
        }
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// -----

// As large as it can be, on the stack; as large as it was, in the loop.
// CHECK-LABEL: func.func @limited(
// CHECK-NEXT:    %[[MOST:.+]] = memref.alloca() {alignment = 64 : i64} : memref<512xi8>
// CHECK:         scf.for %[[I:.+]] =
// CHECK-NEXT:      %[[SIZE:.+]] = affine.min
// CHECK-NEXT:      %[[BEGIN:.+]] = arith.constant 0 : index
// CHECK-NEXT:      %[[ROWS:.+]] = memref.view %[[MOST]][%[[BEGIN]]][%[[SIZE]]] : memref<512xi8> to memref<?x32xf32>
// CHECK-NEXT:      memref.store %{{.+}}, %[[ROWS]]
// CHECK-NEXT:    }
func.func @limited(%x: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %n step %c4 {
    %size = affine.min affine_map<(d0)[s0] -> (-d0 + s0, 4)>(%i)[%n]
    %rows = memref.alloc(%size) {alignment = 64 : i64} : memref<?x32xf32>
    memref.store %x, %rows[%c0, %c0] : memref<?x32xf32>
    memref.dealloc %rows : memref<?x32xf32>
  }
  return
}

// -----

// Stays: what is large together with others, of any size, freed elsewhere, made
// once, or in a loop that may become parallel.
// CHECK-LABEL: func.func @stays(
// CHECK-NEXT:    memref.alloca() : memref<200xf32>
// CHECK-NOT:     memref.alloca()
func.func @stays(%x: f32, %n: index, %out: memref<memref<4xf32>>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: memref.alloc() : memref<8xf32>
  %once = memref.alloc() : memref<8xf32>
  // CHECK: scf.for
  scf.for %i = %c0 to %n step %c1 {
    // CHECK-NEXT: memref.store
    %fits = memref.alloc() : memref<200xf32>
    memref.store %x, %fits[%c0] : memref<200xf32>
    // CHECK-NEXT: memref.alloc() : memref<100xf32>
    %large = memref.alloc() : memref<100xf32>
    memref.store %x, %large[%c0] : memref<100xf32>
    // CHECK: memref.alloc(%{{.+}}) : memref<?xf32>
    %dynamic = memref.alloc(%n) : memref<?xf32>
    memref.store %x, %dynamic[%c0] : memref<?xf32>
    // CHECK: memref.alloc() : memref<4xf32>
    %kept = memref.alloc() : memref<4xf32>
    memref.store %kept, %out[] : memref<memref<4xf32>>
    memref.dealloc %fits : memref<200xf32>
    memref.dealloc %large : memref<100xf32>
    memref.dealloc %dynamic : memref<?xf32>
  }
  memref.dealloc %once : memref<8xf32>
  // CHECK: scf.forall
  scf.forall (%i) in (%n) {
    // CHECK-NEXT: memref.alloc() : memref<2xf32>
    %shared = memref.alloc() : memref<2xf32>
    memref.store %x, %shared[%c0] : memref<2xf32>
    memref.dealloc %shared : memref<2xf32>
  }
  return
}
