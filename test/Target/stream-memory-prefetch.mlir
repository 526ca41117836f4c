// RUN: quant-opt %s --quantx-stream-memory='prefetch-distance=256 prefetch-limit=8192' | FileCheck %s --implicit-check-not=memref.prefetch
//
// Off by default.
// RUN: quant-opt %s --quantx-stream-memory | FileCheck %s --check-prefix=OFF
// OFF-NOT: memref.prefetch

// CHECK-DAG: #[[$PLUS64:.+]] = affine_map<(d0) -> (d0 + 64)>
// CHECK-DAG: #[[$PLUS32:.+]] = affine_map<(d0) -> (d0 + 32)>
// CHECK-DAG: #[[$PLUS80:.+]] = affine_map<(d0) -> (d0 + 80)>
// CHECK-DAG: #[[$PLUS192:.+]] = affine_map<(d0) -> (d0 + 192)>
// CHECK-DAG: #[[$PLUS1024:.+]] = affine_map<(d0) -> (d0 + 1024)>
// CHECK-DAG: #[[$PLUS256:.+]] = affine_map<(d0) -> (d0 + 256)>
// CHECK-DAG: #[[$PLUS:.+]] = affine_map<(d0)[s0] -> (d0 + s0)>

// A single loop: 256 bytes ahead of itself, each of the two lines that it reads
// in an iteration, after it has read them.
// CHECK-LABEL: func.func @one_loop(
// CHECK-SAME:    %[[X:.+]]: memref<?xf32>
// CHECK:         scf.for %[[J:.+]] =
// CHECK-NEXT:      vector.transfer_read %[[X]][%[[J]]]
// CHECK-NEXT:      %[[FIRST:.+]] = affine.apply #[[$PLUS64]](%[[J]])
// CHECK-NEXT:      memref.prefetch %[[X]][%[[FIRST]]], read, locality<2>, data
// CHECK-NEXT:      %[[SECOND:.+]] = affine.apply #[[$PLUS80]](%[[J]])
// CHECK-NEXT:      memref.prefetch %[[X]][%[[SECOND]]], read, locality<2>, data
func.func @one_loop(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  scf.for %j = %c0 to %n step %c32 {
    %v = vector.transfer_read %x[%j], %zero {in_bounds = [true]}
      : memref<?xf32>, vector<32xf32>
    vector.print %v : vector<32xf32>
  }
  return
}

// The second loop reads from the cache: it prefetches the next row, which is
// more than the nearest cache has room for. Each line once, though the row is
// read by halves of lines.
// CHECK-LABEL: func.func @two_loops(
// CHECK:         scf.for
// CHECK:           %[[ROW:.+]] = memref.subview
// CHECK:           scf.for
// CHECK:           scf.for %[[J:.+]] =
// CHECK-NEXT:        vector.transfer_read %[[ROW]][%{{.+}}, %[[J]]]
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS1024]](%[[J]])
// CHECK-NEXT:        memref.prefetch %[[ROW]][%{{.+}}, %[[NEXT]]], read, locality<2>, data
// CHECK:             memref.load
// CHECK:           scf.for
func.func @two_loops(%x: memref<?x1024xf32>, %m: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c1024 = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c1 {
    %row = memref.subview %x[%i, 0] [1, 1024] [1, 1]
      : memref<?x1024xf32> to memref<1x1024xf32, strided<[1024, 1], offset: ?>>
    scf.for %j = %c0 to %c1024 step %c16 {
      %v = vector.transfer_read %row[%c0, %j], %zero {in_bounds = [true]}
        : memref<1x1024xf32, strided<[1024, 1], offset: ?>>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
    scf.for %j = %c0 to %c1024 step %c16 {
      %v = vector.transfer_read %row[%c0, %j], %zero {in_bounds = [true]}
        : memref<1x1024xf32, strided<[1024, 1], offset: ?>>, vector<8xf32>
      %k = arith.addi %j, %c8 : index
      %w = vector.transfer_read %row[%c0, %k], %zero {in_bounds = [true]}
        : memref<1x1024xf32, strided<[1024, 1], offset: ?>>, vector<8xf32>
      %s = memref.load %row[%c0, %j]
        : memref<1x1024xf32, strided<[1024, 1], offset: ?>>
      vector.print %v : vector<8xf32>
      vector.print %w : vector<8xf32>
      vector.print %s : f32
    }
    // What is left of a row is no loop of its own.
    scf.for %j = %n to %c1024 step %c16 {
      %v = vector.transfer_read %row[%c0, %j], %zero {in_bounds = [true]}
        : memref<1x1024xf32, strided<[1024, 1], offset: ?>>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
  }
  return
}

// A row begins where the one before it ends: one stream, read by nobody else. 768
// bytes ahead, not a row.
// CHECK-LABEL: func.func @one_stream(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x1024xf32>
// CHECK:         scf.for %[[I:.+]] =
// CHECK-NEXT:      scf.for %[[J:.+]] =
// CHECK-NEXT:        vector.transfer_read
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS192]](%[[J]])
// CHECK-NEXT:        memref.prefetch %[[X]][%[[I]], %[[NEXT]]], read, locality<2>, data
func.func @one_stream(%x: memref<?x1024xf32>, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c1024 = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %c1024 step %c16 {
      %v = vector.transfer_read %x[%i, %j], %zero {in_bounds = [true]}
        : memref<?x1024xf32>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
  }
  return
}

// As far as four rows, which are 1 KiB: near enough for the nearest cache. The
// first loop reads a number at a time.
// CHECK-LABEL: func.func @tiles(
// CHECK:         memref.load
// CHECK:         scf.for %[[R:.+]] =
// CHECK-NEXT:      %[[ROW:.+]] = arith.addi %{{.+}}, %[[R]]
// CHECK-NEXT:      scf.for %[[J:.+]] =
// CHECK-NEXT:        vector.transfer_read
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS256]](%[[J]])
// CHECK-NEXT:        memref.prefetch %{{.+}}[%[[ROW]], %[[NEXT]]], read, locality<2>, data
func.func @tiles(%x: memref<?x64xf32>, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c4 {
    scf.for %r = %c0 to %c4 step %c1 {
      %row = arith.addi %i, %r : index
      %end = arith.addi %r, %c1 : index
      // At most once.
      %last = arith.minui %end, %m : index
      scf.for %one = %r to %last step %c1 {
        scf.for %j = %c0 to %c64 step %c1 {
          %v = memref.load %x[%row, %j] : memref<?x64xf32>
          vector.print %v : f32
        }
      }
    }
    scf.for %r = %c0 to %c4 step %c1 {
      %row = arith.addi %i, %r : index
      scf.for %j = %c0 to %c64 step %c16 {
        %v = vector.transfer_read %x[%row, %j], %zero {in_bounds = [true]}
          : memref<?x64xf32>, vector<16xf32>
        vector.print %v : vector<16xf32>
      }
    }
  }
  return
}

// Blocks of rows of an unknown number: that the first loop over a block begins
// where the one before it ended does not make it what others left. So the second
// prefetches the blocks that come next, not the next row, which is in the cache.
// CHECK-LABEL: func.func @blocks_of_rows(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x1024xf32>
// CHECK:         scf.for %[[B:.+]] =
// CHECK:           vector.transfer_read
// CHECK:           scf.for %[[R:.+]] =
// CHECK-NEXT:        scf.for %[[J:.+]] =
// CHECK-NEXT:          %[[COLUMN:.+]] = arith.addi %[[B]], %[[J]]
// CHECK-NEXT:          vector.transfer_read
// CHECK-NEXT:          %[[NEXT:.+]] = affine.apply #[[$PLUS64]](%[[COLUMN]])
// CHECK-NEXT:          memref.prefetch %[[X]][%[[R]], %[[NEXT]]], read, locality<2>, data
func.func @blocks_of_rows(%x: memref<?x1024xf32>, %m: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %c1024 = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f32
  scf.for %b = %c0 to %c1024 step %c16 {
    scf.for %i = %c0 to %n step %c1 {
      %first = arith.muli %i, %c4 : index
      %next = arith.addi %first, %c4 : index
      %end = arith.minui %next, %m : index
      scf.for %r = %first to %end step %c1 {
        scf.for %j = %c0 to %c16 step %c16 {
          %column = arith.addi %b, %j : index
          %v = vector.transfer_read %x[%r, %column], %zero {in_bounds = [true]}
            : memref<?x1024xf32>, vector<16xf32>
          vector.print %v : vector<16xf32>
        }
      }
    }
    scf.for %r = %c0 to %m step %c1 {
      scf.for %j = %c0 to %c16 step %c16 {
        %column = arith.addi %b, %j : index
        %v = vector.transfer_read %x[%r, %column], %zero {in_bounds = [true]}
          : memref<?x1024xf32>, vector<16xf32>
        vector.print %v : vector<16xf32>
      }
    }
  }
  return
}

// The next row where it is between 256 and 8,192 bytes away.
// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x?xf32>
// CHECK:         %{{.+}}, %{{.+}}, %{{.+}}:2, %[[STRIDES:.+]]:2 = memref.extract_strided_metadata %[[X]]
// CHECK-NEXT:    %[[NEAR:.+]] = arith.constant 64 : index
// CHECK-NEXT:    %[[LIMIT:.+]] = arith.constant 2048 : index
// CHECK-NEXT:    %[[FAR_ENOUGH:.+]] = arith.cmpi sge, %[[STRIDES]]#0, %[[NEAR]]
// CHECK-NEXT:    %[[IN_LIMIT:.+]] = arith.cmpi sle, %[[STRIDES]]#0, %[[LIMIT]]
// CHECK-NEXT:    %[[BOTH:.+]] = arith.andi %[[FAR_ENOUGH]], %[[IN_LIMIT]]
// CHECK-NEXT:    %[[AHEAD:.+]] = arith.select %[[BOTH]], %[[STRIDES]]#0, %[[NEAR]]
// CHECK-NEXT:    scf.for %[[I:.+]] =
// CHECK-NEXT:      scf.for
// CHECK:           scf.for %[[J:.+]] =
// CHECK-NEXT:        vector.transfer_read
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS]](%[[J]])[%[[AHEAD]]]
// CHECK-NEXT:        memref.prefetch %[[X]][%[[I]], %[[NEXT]]], read, locality<2>, data
func.func @dynamic(%x: memref<?x?xf32>, %m: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %n step %c16 {
      %v = vector.transfer_read %x[%i, %j], %zero {in_bounds = [true]}
        : memref<?x?xf32>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
    scf.for %j = %c0 to %n step %c16 {
      %v = vector.transfer_read %x[%i, %j], %zero {in_bounds = [true]}
        : memref<?x?xf32>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
  }
  return
}

// Rows of 16 KiB: more than the limit.
// CHECK-LABEL: func.func @long_rows(
// CHECK:         scf.for
// CHECK:           scf.for %[[J:.+]] =
// CHECK-NEXT:        vector.load
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS64]](%[[J]])
// CHECK-NEXT:        memref.prefetch %{{.+}}[%{{.+}}, %[[NEXT]]], read, locality<2>, data
func.func @long_rows(%x: memref<?x4096xf32>, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c4096 = arith.constant 4096 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %c4096 step %c16 {
      %v = vector.load %x[%i, %j] : memref<?x4096xf32>, vector<16xf32>
      vector.print %v : vector<16xf32>
    }
  }
  return
}

// Rows by fours: what follows a row was read with it, so the next four. Of 4-bit
// codes the step is exact. The other matrix is read over and over: it is in the
// cache.
// CHECK-LABEL: func.func @rows_by_fours(
// CHECK-SAME:    %{{.+}}: memref<1x2048xi8>, %[[W:.+]]: memref<?x1024xi8>
// CHECK:         scf.for %[[I:.+]] =
// CHECK:           scf.for
// CHECK:             memref.prefetch %[[W]][%[[I]], %{{.+}}], read, locality<2>, data
// CHECK:             memref.prefetch %[[W]][%{{.+}}, %{{.+}}], read, locality<2>, data
func.func @rows_by_fours(%x: memref<1x2048xi8>, %w: memref<?x1024xi8>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %c2048 = arith.constant 2048 : index
  %zero = arith.constant 0 : i8
  scf.for %i = %c0 to %n step %c4 {
    scf.for %j = %c0 to %c2048 step %c64 {
      %a = vector.transfer_read %x[%c0, %j], %zero {in_bounds = [true]}
        : memref<1x2048xi8>, vector<64xi8>
      %bits = arith.muli %j, %c4 : index
      %k = arith.divui %bits, %c8 : index
      %v = vector.transfer_read %w[%i, %k], %zero {in_bounds = [true]}
        : memref<?x1024xi8>, vector<32xi8>
      %i1 = arith.addi %i, %c1 : index
      %u = vector.transfer_read %w[%i1, %k], %zero {in_bounds = [true]}
        : memref<?x1024xi8>, vector<32xi8>
      vector.print %a : vector<64xi8>
      vector.print %v : vector<32xi8>
      vector.print %u : vector<32xi8>
    }
  }
  return
}

// Whichever branch is taken, each line once; not again in a branch of it.
// CHECK-LABEL: func.func @branches(
// CHECK:         scf.for %[[J:.+]] =
// CHECK-NEXT:      scf.if
// CHECK-NEXT:        vector.transfer_read
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS64]](%[[J]])
// CHECK-NEXT:        memref.prefetch %{{.+}}[%[[NEXT]]], read, locality<2>, data
// CHECK:           } else {
// CHECK-NEXT:        vector.transfer_read
// CHECK-NEXT:        %[[NEXT:.+]] = affine.apply #[[$PLUS64]](%[[J]])
// CHECK-NEXT:        memref.prefetch %{{.+}}[%[[NEXT]]], read, locality<2>, data
func.func @branches(%x: memref<?xf32>, %n: index, %choice: i1) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %j = %c0 to %n step %c16 {
    scf.if %choice {
      %v = vector.transfer_read %x[%j], %zero {in_bounds = [true]}
        : memref<?xf32>, vector<16xf32>
      vector.print %v : vector<16xf32>
    } else {
      %v = vector.transfer_read %x[%j], %zero {in_bounds = [true]}
        : memref<?xf32>, vector<16xf32>
      scf.if %choice {
        %w = vector.transfer_read %x[%j], %zero {in_bounds = [true]}
          : memref<?xf32>, vector<16xf32>
        vector.print %w : vector<16xf32>
      }
      vector.print %v : vector<16xf32>
    }
  }
  return
}

// Not what the loops write, or make.
// CHECK-LABEL: func.func @written(
func.func @written(%x: memref<?x64xf32>, %m: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %m step %c1 {
    %row = memref.alloc() : memref<64xf32>
    scf.for %j = %c0 to %c64 step %c16 {
      %v = vector.transfer_read %x[%i, %j], %zero {in_bounds = [true]}
        : memref<?x64xf32>, vector<16xf32>
      %w = vector.transfer_read %row[%j], %zero {in_bounds = [true]}
        : memref<64xf32>, vector<16xf32>
      %s = arith.addf %v, %w : vector<16xf32>
      vector.transfer_write %s, %x[%i, %j] {in_bounds = [true]}
        : vector<16xf32>, memref<?x64xf32>
    }
    memref.dealloc %row : memref<64xf32>
  }
  return
}

// Two rows in an iteration: each half as far ahead.
// CHECK-LABEL: func.func @two_rows(
// CHECK-SAME:    %[[X:.+]]: memref<2x?xf32>
// CHECK:         scf.for %[[J:.+]] =
// CHECK-NEXT:      vector.transfer_read
// CHECK-NEXT:      %[[FIRST:.+]] = affine.apply #[[$PLUS32]](%[[J]])
// CHECK-NEXT:      memref.prefetch %[[X]][%{{.+}}, %[[FIRST]]], read, locality<2>, data
// CHECK-NEXT:      vector.transfer_read %[[X]]
// CHECK-NEXT:      %[[SECOND:.+]] = affine.apply #[[$PLUS32]](%[[J]])
// CHECK-NEXT:      memref.prefetch %[[X]][%{{.+}}, %[[SECOND]]], read, locality<2>, data
func.func @two_rows(%x: memref<2x?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %j = %c0 to %n step %c16 {
    %v = vector.transfer_read %x[%c0, %j], %zero {in_bounds = [true]}
      : memref<2x?xf32>, vector<16xf32>
    %w = vector.transfer_read %x[%c1, %j], %zero {in_bounds = [true]}
      : memref<2x?xf32>, vector<16xf32>
    vector.print %v : vector<16xf32>
    vector.print %w : vector<16xf32>
  }
  return
}
