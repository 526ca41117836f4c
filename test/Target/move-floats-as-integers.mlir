// RUN: quant-opt %s --quantx-move-floats-as-integers | FileCheck %s

// CHECK-LABEL: llvm.func @halves(
// CHECK-SAME:    %[[FROM:.+]]: !llvm.ptr, %[[TO:.+]]: !llvm.ptr, %[[MASK:.+]]: vector<8xi1>, %[[PADDING:.+]]: vector<8xbf16>)
// CHECK-NEXT:    %[[BITS:.+]] = llvm.bitcast %[[PADDING]] : vector<8xbf16> to vector<8xi16>
// CHECK-NEXT:    %[[LOADED:.+]] = llvm.intr.masked.load %[[FROM]], %[[MASK]], %[[BITS]] {alignment = 2 : i32} : {{.*}} -> vector<8xi16>
// CHECK-NEXT:    %[[FLOATS:.+]] = llvm.bitcast %[[LOADED]] : vector<8xi16> to vector<8xbf16>
// CHECK-NEXT:    %[[STORED:.+]] = llvm.bitcast %[[FLOATS]] : vector<8xbf16> to vector<8xi16>
// CHECK-NEXT:    llvm.intr.masked.store %[[STORED]], %[[TO]], %[[MASK]] {alignment = 2 : i32} : vector<8xi16>
llvm.func @halves(%from: !llvm.ptr, %to: !llvm.ptr, %mask: vector<8xi1>,
                  %padding: vector<8xbf16>) {
  %x = llvm.intr.masked.load %from, %mask, %padding {alignment = 2 : i32}
         : (!llvm.ptr, vector<8xi1>, vector<8xbf16>) -> vector<8xbf16>
  llvm.intr.masked.store %x, %to, %mask {alignment = 2 : i32}
    : vector<8xbf16>, vector<8xi1> into !llvm.ptr
  llvm.return
}

// One element, and shuffles of it.

// CHECK-LABEL: llvm.func @elements(
// CHECK:         llvm.load %{{.*}} : !llvm.ptr -> i16
// CHECK:         llvm.insertelement %{{.*}} : vector<8xi16>
// CHECK:         llvm.shufflevector %{{.*}} : vector<8xi16>
// CHECK:         llvm.extractelement %{{.*}} : vector<4xi16>
// CHECK:         llvm.store %{{.*}} : i16, !llvm.ptr
llvm.func @elements(%p: !llvm.ptr, %x: vector<8xbf16>, %i: i64) {
  %a = llvm.load %p {alignment = 2 : i64} : !llvm.ptr -> bf16
  %b = llvm.insertelement %a, %x[%i : i64] : vector<8xbf16>
  %c = llvm.shufflevector %b, %x [0, 9, 2, 3] : vector<8xbf16>
  %d = llvm.extractelement %c[%i : i64] : vector<4xbf16>
  llvm.store %d, %p {alignment = 2 : i64} : bf16, !llvm.ptr
  llvm.return
}

// From block to block; arithmetic has floats.

// CHECK-LABEL: llvm.func @blocks(
// CHECK:         llvm.cond_br %{{.*}}, ^[[NEXT:.+]](%{{.*}} : i16), ^[[LAST:.+]](%{{.*}} : i16)
// CHECK:       ^[[NEXT]](%[[BITS:.+]]: i16):
// CHECK-NEXT:    %[[FLOAT:.+]] = llvm.bitcast %[[BITS]] : i16 to bf16
// CHECK-NEXT:    llvm.fpext %[[FLOAT]] : bf16 to f32
// CHECK:         llvm.select %{{.*}} : i1, i16
// CHECK:         llvm.br ^[[LAST]](%{{.*}} : i16)
// CHECK:       ^[[LAST]](%{{.*}}: i16):
llvm.func @blocks(%x: bf16, %c: i1) -> f32 {
  llvm.cond_br %c, ^next(%x : bf16), ^last(%x : bf16)
^next(%y: bf16):
  %f = llvm.fpext %y : bf16 to f32
  %t = llvm.fptrunc %f : f32 to bf16
  %s = llvm.select %c, %t, %x : i1, bf16
  llvm.br ^last(%s : bf16)
^last(%z: bf16):
  %r = llvm.fpext %z : bf16 to f32
  llvm.return %r : f32
}

// In regions of other ops, too.

// CHECK-LABEL: llvm.func @regions(
// CHECK:         omp.parallel {
// CHECK:           llvm.br ^[[NEXT:.+]](%{{.*}} : i16)
// CHECK:         ^[[NEXT]](%{{.*}}: i16):
llvm.func @regions(%x: bf16, %p: !llvm.ptr) {
  omp.parallel {
    llvm.br ^next(%x : bf16)
  ^next(%y: bf16):
    llvm.store %y, %p {alignment = 2 : i64} : bf16, !llvm.ptr
    omp.terminator
  }
  llvm.return
}

// Where a terminator passes floats on as such, branches do.

// CHECK-LABEL: llvm.func @invokes(
// CHECK:         llvm.invoke @other() to ^[[NEXT:.+]](%{{.*}} : bf16) unwind
// CHECK:       ^[[NEXT]](%{{.*}}: bf16):
// CHECK:         llvm.br ^[[NEXT]](%{{.*}} : bf16)
llvm.func @other()
llvm.func @gxx() -> i32
llvm.func @invokes(%x: bf16) attributes {personality = @gxx} {
  llvm.invoke @other() to ^next(%x : bf16) unwind ^pad : () -> ()
^next(%y: bf16):
  llvm.br ^next(%y : bf16)
^pad:
  %p = llvm.landingpad cleanup : !llvm.struct<(ptr, i32)>
  llvm.unreachable
}

// CHECK-LABEL: llvm.func @others(
// CHECK-NOT:     bitcast
// CHECK:         llvm.return
llvm.func @others(%from: !llvm.ptr, %to: !llvm.ptr, %mask: vector<8xi1>,
                  %padding: vector<8xf32>) {
  %x = llvm.intr.masked.load %from, %mask, %padding {alignment = 4 : i32}
         : (!llvm.ptr, vector<8xi1>, vector<8xf32>) -> vector<8xf32>
  llvm.intr.masked.store %x, %to, %mask {alignment = 4 : i32}
    : vector<8xf32>, vector<8xi1> into !llvm.ptr
  llvm.return
}
