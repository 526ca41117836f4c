// RUN: quant-opt %s --quantx-inline-alloca-scopes | FileCheck %s

// Ops of unknown effects are no reason to keep a scope; a stack allocation is.

// CHECK-LABEL: func.func @inlined(
// CHECK-NEXT:    %[[R:.+]] = llvm.call_intrinsic "llvm.ceil.f32"(%{{.+}})
// CHECK-NEXT:    return %[[R]]
func.func @inlined(%x: f32) -> f32 {
  %r = memref.alloca_scope -> (f32) {
    %0 = llvm.call_intrinsic "llvm.ceil.f32"(%x) : (f32) -> f32
    memref.alloca_scope.return %0 : f32
  }
  return %r : f32
}

// CHECK-LABEL: func.func @nested(
// CHECK-NEXT:    call @f
// CHECK-NEXT:    call @g
// CHECK-NEXT:    memref.alloca_scope
// CHECK-NEXT:      memref.alloca
func.func @nested() {
  memref.alloca_scope {
    memref.alloca_scope {
      func.call @f() : () -> ()
    }
    func.call @g() : () -> ()
  }
  memref.alloca_scope {
    %0 = memref.alloca() : memref<f32>
    func.call @use(%0) : (memref<f32>) -> ()
  }
  return
}
func.func private @f()
func.func private @g()
func.func private @use(memref<f32>)
