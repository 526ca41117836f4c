//===- Passes.td - The end of the way to the CPU -----------*- tablegen -*-===//

#ifndef QUANTX_TARGET_CPU_PASSES_TD
#define QUANTX_TARGET_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXAlignBuffers : Pass<"quantx-align-buffers"> {
  let summary = "Align every buffer to a cache line";
  let description = [{
    Gives each `memref.alloc` that has no alignment one of 64 bytes, as
    bufferization gives its own: copies that deallocation makes have none.
    Results of functions then begin on a cache line, whichever op made them.
  }];
}

def QuantXComputeBF16InF32 : Pass<"quantx-compute-bf16-in-f32"> {
  let summary = "Compute on bf16 in f32, and round each result";
  let description = [{
    Extends the operands of ops of `arith` and `math`, and of `vector.fma`, on
    bf16 to f32, and rounds their results. So does LLVM for most CPUs, but it
    rounds by calling a function that many systems lack, and where a CPU has an
    instruction for it by that, for which subnormal results are zeros.

    ```mlir
    %r = arith.mulf %x, %y : bf16
    // becomes
    %a = arith.extf %x : bf16 to f32
    %b = arith.extf %y : bf16 to f32
    %c = arith.mulf %a, %b : f32
    %r = arith.truncf %c : f32 to bf16
    ```

    Upstream's arith-emulate-unsupported-floats allows what it makes to be
    contracted: the result of one op reaches the next one unrounded then.

    Left as they are: what moves values or changes their signs alone.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def QuantXExpandByteDots : Pass<"quantx-expand-byte-dots"> {
  let summary = "Dot products of bytes by AVX-512 VNNI";
  let description = [{
    Rewrites the sums of four products of bytes that `quantx-lower-to-vector` makes
    with `byte-dots` to the instruction `vpdpbusd`, for which no op of upstream's
    dialects stands. One side has no sign, the other has:

    ```mlir
    %a = arith.extui %x : vector<16x4xi8> to vector<16x4xi32>
    %b = arith.extsi %y : vector<16x4xi8> to vector<16x4xi32>
    %r = vector.contract {indexing_maps = [(i, j), (i, j), (i)], ...} %a, %b, %sums
    // becomes
    %r = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%sums, %x, %y)
    ```

    Run it only where the target has AVX-512 VNNI.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"
  ];
}

def QuantXExpandBF16Dots : Pass<"quantx-expand-bf16-dots"> {
  let summary = "Dot products of pairs of bf16 by AVX-512 BF16";
  let description = [{
    Rewrites the sums of two products of bf16 that `quantx-lower-to-vector` makes
    with `pair-dots` to the instruction `vdpbf16ps`:

    ```mlir
    %a = arith.extf %x : vector<16x2xbf16> to vector<16x2xf32>
    %b = arith.extf %y : vector<16x2xbf16> to vector<16x2xf32>
    %r = vector.contract {indexing_maps = [(i, j), (i, j), (i)], ...} %a, %b, %sums
    // becomes
    %r = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%sums, %x, %y)
    ```

    Integers of at most 5 bits that become bf16, from the low bits of 32 lanes of
    16 bits (`arith.trunci`, then `arith.sitofp` or `arith.uitofp`), are looked up by
    `vpermw`.

    The instruction takes subnormal bf16 for 0, and makes subnormal sums 0. Run the
    pass only where the target has AVX-512 BF16.
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"
  ];
}

def QuantXAMXTiles : Pass<"quantx-amx-tiles", "::mlir::ModuleOp"> {
  let summary = "Multiply tiles by Intel's AMX";
  let description = [{
    For the products of tiles that `quantx-lower-to-vector` makes of
    `scaled_matmul`, on buffers: each `linalg.generic` that is such a product
    becomes a call of a function that computes it by ops of `amx`, one function
    for each kind. It keeps a block of tiles of sums in registers:

    ```mlir
    func.func private @quantx_amx_tile_product(
        %weights: memref<1x?x2x16x32xbf16, ...>,
        %activations: memref<?x1x?x2x16x32xbf16, ...>,
        %sums: memref<?x2x2x16x16xf32, ...>) attributes {passthrough = ["noinline"]}
    ```

    A product of integers becomes one that sums up what has one scale of each
    operand in i32, exactly, and then adds it to the sums, times both scales.

    The function is not inlined, because LLVM configures tile registers at its
    start: that instruction must not run where the process does not have them.

    The body of `quantx_request_tiles`, which says whether it has, is the system
    call by which Linux gives them to a process,
    `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`, as inline assembly: a
    compiled file needs no library for it. The answer is kept.
  }];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def QuantXExpandCopies : Pass<"quantx-expand-copies"> {
  let summary = "Copy between strided buffers by loops";
  let description = [{
    Rewrites `memref.copy` from or to a buffer with a layout (a tile of a larger
    one) to `linalg.generic`: upstream's lowering calls a function of its runtime
    library, and our code calls none. Other copies become `memcpy`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def QuantXExpandReshapes : Pass<"quantx-expand-reshapes"> {
  let summary = "Expand buffers into several dimensions of dynamic size";
  let description = [{
    Rewrites a `memref.expand_shape` that makes several dynamic dimensions of one
    to `memref.reinterpret_cast` with the sizes that the op gives. Upstream's
    expand-strided-metadata takes one dynamic size of a group at most, and
    crashes on more.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect"
  ];
}

def QuantXInlineAllocaScopes : Pass<"quantx-inline-alloca-scopes"> {
  let summary = "Inline memref.alloca_scope where nothing is on the stack";
  let description = [{
    Replaces each `memref.alloca_scope` without a `memref.alloca` by its body.
    Upstream's conversion to OpenMP makes one in each parallel loop, and its
    lowering fails on branches in them; canonicalization keeps those with ops
    whose effects are unknown, such as calls of a target's instructions.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def QuantXKeepOuterParallel : Pass<"quantx-keep-outer-parallel"> {
  let summary = "Keep only the outermost dimension of scf.parallel parallel";
  let description = [{
    Rewrites an `scf.parallel` over several dimensions to one over the first with
    `scf.for` for the rest, and an `scf.parallel` within another to `scf.for`:
    threads get whole rows, and the inner loops stay plain loops.

    ```mlir
    scf.parallel (%i, %j) = (%c0, %c0) to (%m, %n) step (%c1, %c1) { ... }
    // becomes
    scf.parallel (%i) = (%c0) to (%m) step (%c1) {
      scf.for %j = %c0 to %n step %c1 { ... }
    }
    ```

    A loop with a reduction is left as it is.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def QuantXMoveFloatsAsIntegers : Pass<"quantx-move-floats-as-integers"> {
  let summary = "Move 16-bit floats as integers";
  let description = [{
    Makes i16 of f16 and bf16, scalars and vectors, in the ops of the LLVM dialect
    that only move them: loads and stores, also under a mask, `select`, branches
    and their block arguments, shuffles, and what takes or sets one element. What
    computes with floats has them from an `llvm.bitcast`.

    LLVM 22 takes a bf16, also one in a vector, from one block to another by way of
    f32, and moves vectors under a mask element by element where a target has no
    masked moves. Back to bf16 it calls a run-time function that many systems lack,
    and that does not keep the bits of every NaN, or uses an instruction that makes
    zeros of subnormal values.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def QuantXProtectArguments
    : Pass<"quantx-protect-arguments", "::mlir::ModuleOp"> {
  let summary = "Keep bufferization from writing into a caller's tensors";
  let description = [{
    Marks the tensor arguments of public functions `bufferization.writable =
    false`, where nothing is said yet: callers pass data that is constant, or
    mapped from a file. Results are buffers of their own.
  }];
}

def QuantXSaturateSizes : Pass<"quantx-saturate-sizes"> {
  let summary = "Keep the sizes of buffers from wrapping around";
  let description = [{
    Allocates each buffer of dynamic size as its bytes, the number of which
    becomes 2^62 where it would be more. That is more than any allocator has, so a
    program whose sizes are too large finds no memory, and not a buffer that is
    too small.

    ```mlir
    %b = memref.alloc(%m, %n) {alignment = 64} : memref<?x?xf32>
    // becomes
    %low, %high = arith.mului_extended %c4, %m : index
    ...
    %bytes = arith.select %is_too_many, %c4611686018427387904, %low_1 : index
    %raw = memref.alloc(%bytes) {alignment = 64} : memref<?xi8>
    %b = memref.view %raw[%c0][%m, %n] : memref<?xi8> to memref<?x?xf32>
    ```

    Other passes do not see through the view: this one comes last before the LLVM
    dialect.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
}

def QuantXSetCPUTarget : Pass<"quantx-set-cpu-target", "::mlir::ModuleOp"> {
  let summary = "Attach the triple, CPU and features of a target";
  let description = [{
    Sets the module's `llvm.target_triple`, and on every `llvm.func` the CPU, the
    features and the preferred vector width of `target`, so that the LLVM IR says
    what it is meant for. Fails on an unknown target, and lists the known ones.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"native\"",
           "`native`, `x86-64-v4+amx`, `x86-64-v4+avx512vbmi`, `x86-64-v4`, "
           "`x86-64-v3`, `generic` or `aarch64`">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def QuantXStackBuffers : Pass<"quantx-stack-buffers"> {
  let summary = "Keep small buffers of loop bodies on the stack";
  let description = [{
    Replaces each `memref.alloc` in a loop that is freed in the same block by a
    `memref.alloca` at the start of the function, or of the `omp.parallel` region
    around it: one for all iterations of a thread, and no call of `malloc` for a
    row. Where sizes are dynamic but have a limit, as those of a tile have, that
    is what the stack holds, and a `memref.view` of it is as large as the buffer
    was. All of one function or region take `max-bytes` at most; others stay.

    Upstream's promote-buffers-to-stack leaves the `memref.alloca` in the loop,
    where LLVM takes new memory each time.
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "65536",
           "Bytes on the stack of a function or parallel region at most">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def QuantXUnswitchLoops : Pass<"quantx-unswitch-loops"> {
  let summary = "Decide before a loop what does not change in it";
  let description = [{
    Where the body of an innermost `scf.for` has an `scf.if` whose condition is
    computed outside of the loop, makes two loops of it, one in each branch. One
    `scf.if` of a loop is taken out, the first.

    LLVM does the same where it finds the loop small enough, and not sooner than
    it has joined what both branches have in common.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def QuantXStreamMemory : Pass<"quantx-stream-memory"> {
  let summary = "Prefetch inputs, and write large results past the caches";
  let description = [{
    For loops on buffers, before they become branches. Two rewrites, neither of
    which changes a result:

    **Prefetches.** What an innermost loop reads by vectors from a buffer of
    which the nest of loops writes nothing is prefetched, one prefetch for each
    line of 64 bytes that an iteration reads, into the second-level cache. How
    far ahead follows from the loops:

    - Several innermost loops under one outer loop that read the same buffer,
      such as one that chooses a row's scales and one that encodes the row: the
      last one, which finds its row in the cache, prefetches what the next
      iteration of the outer loop reads, if that is up to `prefetch-limit` bytes
      away.
    - A single one: the same, where the next iteration of the loop around it is
      at least `prefetch-distance` and at most `prefetch-limit` bytes away.
    - But where one loop alone reads the buffer, and what it reads next begins
      where it has ended: three times `prefetch-distance` ahead.
    - Else `prefetch-distance` bytes ahead; half of that in each of several rows
      that an iteration reads.

    Sizes that are not known are compared at run time. A buffer that the loop
    around starts over with each iteration, and reads of less than 16 bytes, are
    not prefetched.

    **Non-temporal stores.** Vectors of 16 bytes or more, a power of two, that an
    innermost loop stores to a `memref.alloc` from outside the nest, of which the
    nest reads nothing, are written past the caches where the buffer has
    `nontemporal-threshold` bytes or more and each store is aligned. What is not
    known of this at compile time is asked once, and the loop is there twice:

    ```mlir
    scf.for %i = %c0 to %m step %c1 {
      scf.if %large {
        scf.for %j = %c0 to %c4096 step %c64 {
          ...
          vector.store %v, %y[%i, %j] {alignment = 64, nontemporal = true} ...
        }
      } else {
        scf.for %j = %c0 to %c4096 step %c64 {
          ...
          vector.transfer_write %v, %y[%i, %j] ...
        }
      }
    }
    scf.if %large {
      llvm.call_intrinsic "llvm.x86.sse.sfence"() : () -> ()
    }
    ```

    The fence, which is one of x86, stands behind the nest, in each OpenMP thread
    that stored.
  }];
  let options = [
    Option<"prefetchDistance", "prefetch-distance", "int64_t", "0",
           "How many bytes ahead to prefetch at least; 0 for no prefetches">,
    Option<"prefetchLimit", "prefetch-limit", "int64_t", "65536",
           "How many bytes ahead to prefetch at most">,
    Option<"nontemporalThreshold", "nontemporal-threshold", "int64_t", "0",
           "Bytes of a result from which on it is written past the caches; 0 for "
           "never">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def QuantXVerifyBufferizable
    : Pass<"quantx-verify-bufferizable", "::mlir::ModuleOp"> {
  let summary = "Fail on an op on tensors that cannot be bufferized";
  let description = [{
    Stands in front of one-shot-bufferize in the CPU pipeline, which does not
    name the op that stops it: each op on tensors without a model of
    `BufferizableOpInterface` is an error that names it.
  }];
}

def QuantXVerifyLLVM : Pass<"quantx-verify-llvm", "::mlir::ModuleOp"> {
  let summary = "Fail on an op that did not reach the LLVM dialect";
  let description = [{
    The last pass of the CPU pipeline: each op that is neither of the `llvm` nor
    of the `omp` dialect is an error that names it, so that exit code 0 means
    done.
  }];
}

def QuantXVerifySizes : Pass<"quantx-verify-sizes", "::mlir::ModuleOp"> {
  let summary = "Fail on tensors that no memory can hold";
  let description = [{
    Makes an error of each value whose static sizes are those of more than 2^47
    bytes, what a process can address, and of each constant of more than 2^31
    bytes, what code reaches in the data of its file: translation to LLVM IR would
    write out each element, of splats too.
  }];
}

#endif // QUANTX_TARGET_CPU_PASSES_TD
