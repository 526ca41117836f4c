// RUN: not quant-opt %s --quantx-lower-to-vector=chunk=12 2>&1 | FileCheck %s --check-prefix=TWELVE --implicit-check-not=note:
// RUN: not quant-opt %s --quantx-lower-to-vector=chunk=4 2>&1 | FileCheck %s --check-prefix=FOUR --implicit-check-not=note:
// RUN: not quant-opt %s --quantx-cpu-pipeline=chunk=12 2>&1 | FileCheck %s --check-prefix=PIPELINE

// TWELVE: error: expected chunk of a power of two from 8 to 1024, got 12
// FOUR: error: expected chunk of a power of two from 8 to 1024, got 4
// PIPELINE: expected chunk of 0 or a power of two from 8 to 1024, got 12
module {}
