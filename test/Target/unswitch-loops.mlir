// RUN: quant-opt %s --quantx-unswitch-loops | FileCheck %s

// A loop in each branch, and what the branch computes in its place.
// CHECK-LABEL: func.func @invariant(
// CHECK-SAME:    %[[CONDITION:[^:]+]]: i1
// CHECK:         %[[SUM:.+]] = scf.if %[[CONDITION]] -> (f32) {
// CHECK-NEXT:      %[[FOR:.+]] = scf.for %{{.+}} = %{{.+}} to %{{.+}} step %{{.+}} iter_args(%[[S:.+]] =
// CHECK-NEXT:        %[[X:.+]] = memref.load
// CHECK-NEXT:        %[[ADDED:.+]] = arith.addf %[[S]], %[[X]]
// CHECK-NEXT:        scf.yield %[[ADDED]]
// CHECK-NEXT:      }
// CHECK-NEXT:      scf.yield %[[FOR]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[FOR:.+]] = scf.for %{{.+}} = %{{.+}} to %{{.+}} step %{{.+}} iter_args(%[[S:.+]] =
// CHECK-NEXT:        %[[X:.+]] = memref.load
// CHECK-NEXT:        %[[MULTIPLIED:.+]] = arith.mulf %[[S]], %[[X]]
// CHECK-NEXT:        scf.yield %[[MULTIPLIED]]
// CHECK-NEXT:      }
// CHECK-NEXT:      scf.yield %[[FOR]]
// CHECK-NEXT:    }
// CHECK-NEXT:    return %[[SUM]]
func.func @invariant(%condition: i1, %x: memref<?xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (f32) {
    %v = memref.load %x[%i] : memref<?xf32>
    %next = scf.if %condition -> (f32) {
      %added = arith.addf %s, %v : f32
      scf.yield %added : f32
    } else {
      %multiplied = arith.mulf %s, %v : f32
      scf.yield %multiplied : f32
    }
    scf.yield %next : f32
  }
  return %sum : f32
}

// Without an else branch: a loop of the rest.
// CHECK-LABEL: func.func @no_else(
// CHECK:         scf.if
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        memref.store
// CHECK-NEXT:        memref.store
// CHECK-NEXT:      }
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        memref.store
// CHECK-NEXT:      }
func.func @no_else(%condition: i1, %x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    scf.if %condition {
      memref.store %zero, %x[%c0] : memref<?xf32>
    }
    memref.store %zero, %x[%i] : memref<?xf32>
  }
  return
}

// Left alone: a condition that changes, and a loop around another.
// CHECK-LABEL: func.func @stays(
// CHECK:         scf.for
// CHECK-NEXT:      scf.if
// CHECK:           scf.for
// CHECK-NEXT:        arith.cmpi
// CHECK-NEXT:        scf.if
func.func @stays(%condition: i1, %x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    scf.if %condition {
      memref.store %zero, %x[%i] : memref<?xf32>
    }
    scf.for %j = %c0 to %n step %c1 {
      %changes = arith.cmpi slt, %j, %i : index
      scf.if %changes {
        memref.store %zero, %x[%j] : memref<?xf32>
      }
    }
  }
  return
}
