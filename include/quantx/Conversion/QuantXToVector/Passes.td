//===- Passes.td - From quantx to vector -------------------*- tablegen -*-===//

#ifndef QUANTX_CONVERSION_QUANTXTOVECTOR_PASSES_TD
#define QUANTX_CONVERSION_QUANTXTOVECTOR_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantXLowerToVector : Pass<"quantx-lower-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower quantx on plain types, rows of elements as vectors";
  let description = [{
    As `quantx-lower-to-linalg`, but `quantize`, `dequantize`, `pack` and
    `unpack` become loops that take `chunk` elements of a row at once: they read
    them as a vector, compute on all lanes with `arith`, pack and unpack codes
    by shifts and shuffles of whole lanes, and write a vector. What a row has
    beyond whole chunks is one more vector under a mask, so that any length of
    rows will do, static or dynamic.

    The loops are `scf.forall` over rows and chunks, each of which writes its own
    slice of the result: run them in any order, or in parallel.

    ```mlir
    %c = quantx.unpack %b as #quantx.packing<linear>
           : tensor<8x32xi8> to tensor<8x64xi4>
    // becomes
    %c = scf.forall (%i, %j) = (0, 0) to (8, 64) step (1, 64)
           shared_outs(%out = %empty) -> (tensor<8x64xi8>) {
      %bytes = vector.transfer_read %b[%i, %first], ...
                 : tensor<8x32xi8>, vector<32xi8>
      ...
    ```

    `quantize` to nearest even divides by no scale but by its reciprocal: where that
    is not exact, with `fma`, by two products that give the same codes. Where its
    tensor is a tile (as in the loops of `quantx-fuse-quantize`), a loop before
    computes what that takes for 16 blocks at once. Chunks with a block that this
    does not suit, one whose scale is NaN for example, divide.

    `dequantize` to bf16 leaves the conversion to the target with `bf16`, where
    scales exclude subnormal values.

    `choose_qparams` reduces blocks of whole rows, and blocks with at least `chunk`
    elements along the rows, as vectors, whose lanes it reduces at the block's end.
    It takes whole blocks as vectors where they lie along the rows and have a power
    of two from 8 to `chunk` elements. What its method reduces
    them to is found for 8 or 16 blocks at once, by a tree of shuffles that leaves
    block i in lane i (what is left of rows of dynamic size is reduced block by
    block); what it computes from that, for all of them together. A
    search goes over the lanes of one block at a time, in a `linalg.generic` over
    the blocks, or where few blocks need it over these alone. A partial block is
    read under a mask and filled up with zeros, which change no maximum and no
    sum.

    `scaled_matmul` puts the activations, as f32, into a buffer first, in the order
    in which weights are decoded with least work: codes of 4 bits are read as
    32-bit words, of which each lane decodes one after the other. Sums stay in
    vectors of 16 lanes, and blocks' sums are multiplied by their scales where that
    is less than multiplying values. A few rows of activations, up to 8, go by the
    weights at once, each of which is decoded where it is multiplied. With
    `sum-rows`, more of them are tiles of as many rows, or of fewer where these leave
    less of the last tile empty, by weights with rows side by side: 64 or 16 rows of
    linear weights are put so at a time, where K is static and they are whole words.
    Sums stay in registers, and codes are decoded for each tile. Without that, and
    for floats of 8 bits in rows, a block of weights is decoded into a buffer, and
    goes by all rows in tiles. Where the number of rows is dynamic, it decides at
    run time.

    Weights with `packing rows16` are lanes of rows as they are read: an activation
    multiplies 16 of them, and nothing is added across lanes. Where a vector of
    weights takes at most four dot products of bytes, `row-streams` times 16 rows
    are multiplied at once, if there are 8 times as many: memory is read as so many
    streams. More than a few rows of activations are tiles, too; without `sum-rows`
    they put rows of weights back first. With `byte-dots`, quantized activations of
    8 bits are multiplied as integers: by integers, and by f4E2M1FN, whose values
    are halves of integers. Four products are one `vector.contract`, up to 64 are
    summed exactly, and scales multiply such sums.
    Rows of bf16 are multiplied as pairs with `pair-dots`: two products of bf16 are
    one `vector.contract`. Weights of 4 bits or FP8 are decoded in registers;
    integers of 8 bits, for many rows, into a buffer of pairs before. A few rows by
    weights in rows may be two rows of f16, as two bf16, exactly, and of f32 with a
    K of 256 or more, as two that are within 2^-18 of it.
    A few rows of f32, f16 or bf16 are multiplied as integers, too, by such weights
    with `packing rows16` and a K of 256 or more that is a multiple of 64: an
    activation is an integer of three bytes (bf16) or four, times a power of two
    that its block has. Groups of 64 activations of which one would lose more than
    2^-17 of its value, or is infinite or NaN, are multiplied as floats after all
    others.

    From `tile-product-rows` rows on, `scaled_matmul` is products of tiles for
    registers that hold 16 rows of 64 bytes, as `quantx-amx-tiles` makes use of.
    Weights are decoded into bf16, 32 rows by 256 elements at a time, and
    multiplied by 512 rows of activations, which were put into tiles before. What
    one bf16 does not hold exactly is the sum of two or three: activations of f16
    or f32. A scale of a row of weights, and a global one, multiply sums. The
    products are a `linalg.generic`; around it, an `scf.if` takes them only where
    the function `quantx_request_tiles`, which is declared, says that there are
    such registers, and one of the forms above else. It is taken alone where
    vectors have 16 elements or more, and weights, with the scales of blocks,
    are exact in bf16. Activations of 8 bits by integers of 8 bits with sign, or of
    4 bits, or f4E2M1FN, in blocks of 32 or more, are tiles of integers, whose sums
    under one scale on each side are exact.

    Values of small floats are converted by `arith.truncf` and `arith.extf` on
    vectors; `quantx-expand-narrow-floats` has a form of these for each target.

    `pack` and `unpack` reorder codes for the layouts `split_half` and
    `interleaved8` by one shuffle. Where a row of dynamic size may end within a
    block of them, the order of its last block depends on the size: lanes are
    moved by 1, 2, 4, ... where that bit of the block's bytes is set.

    `relayout_scales` moves scales in groups of 4, which are neighbours in both
    layouts, and writes 16 at once: a line of a tile, or a chunk of a row. Groups
    of partial tiles are read under a mask. A smaller `chunk` than 16 leaves it
    to linalg.

    Left to linalg, element by element:

    - `choose_qparams` of other blocks, and searches over long ones,
    - blocks along the rows that neither divide a chunk of 8 elements or more
      nor are whole chunks,
    - the layouts `split_half` and `interleaved8` where a row goes on after a
      chunk that ends within a block of them,
    - chains of `pack`, `unpack`, `assemble` and `disassemble` where one of these
      holds, and those of dynamic shape that do not begin with bytes and end with
      `pack` or `unpack`; others are one loop here too,
    - `scaled_matmul` of operands with such blocks, or packed next to it,
    - all other ops.
  }];
  let options = [
    Option<"chunk", "chunk", "int64_t", "64",
           "Elements of a vector at most: a power of two from 8 to 1024">,
    Option<"byteDots", "byte-dots", "bool", "false",
           "Multiply integers by integers as bytes, where scaled_matmul has both, "
           "for a target with quantx-expand-byte-dots">,
    Option<"tileProductRows", "tile-product-rows", "int64_t", "0",
           "Rows of activations from which on scaled_matmul is products of tiles; "
           "0 for never">,
    Option<"hasFMA", "fma", "bool", "false",
           "Whether the target multiplies and adds in one instruction">,
    Option<"convertsToBF16", "bf16", "bool", "false",
           "Whether the target converts f32 that are not subnormal to bf16">,
    Option<"pairDots", "pair-dots", "bool", "false",
           "Multiply many rows of bf16, and few rows of floats, as pairs of "
           "bf16, for a target with quantx-expand-bf16-dots that has no tiles">,
    Option<"rowStreams", "row-streams", "int64_t", "1",
           "How many 16 rows of weights with packing rows16 few rows of "
           "activations multiply at once, for a target with 32 vector registers">,
    Option<"sumRows", "sum-rows", "int64_t", "0",
           "Rows of activations whose sums by 16 rows of weights stay in vector "
           "registers: many rows are tiles of as many; 0 for never">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::ub::UBDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif // QUANTX_CONVERSION_QUANTXTOVECTOR_PASSES_TD
