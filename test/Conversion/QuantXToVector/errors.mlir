// RUN: not quant-opt %s --quantx-lower-to-vector=chunk=12 2>&1 | FileCheck %s --check-prefix=TWELVE --implicit-check-not=note:
// RUN: not quant-opt %s --quantx-lower-to-vector=chunk=4 2>&1 | FileCheck %s --check-prefix=FOUR --implicit-check-not=note:
// RUN: not quant-opt %s --quantx-cpu-pipeline=chunk=12 2>&1 | FileCheck %s --check-prefix=PIPELINE

// TWELVE: error: expected a chunk of a power of two from 8 on, got 12
// FOUR: error: expected a chunk of a power of two from 8 on, got 4
// PIPELINE: expected a chunk of 0 or a power of two from 8 on, got 12
module {}
