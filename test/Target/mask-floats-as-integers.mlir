// RUN: quant-opt %s --quantx-mask-floats-as-integers | FileCheck %s

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
